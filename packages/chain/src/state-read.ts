import type { ApiPromise } from '@polkadot/api'
import { compactToU8a, hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import type { Connection } from './connection.ts'
import { ChainError } from './errors.ts'
import { readBytes, readChanges } from './wire.ts'

/** One storage value to read. */
export interface StorageItem {
  readonly pallet: string
  readonly item: string
  readonly keys: readonly unknown[]
}

/** What this package uses of a decoded value; `toJSON` and `toU8a` are what every codec of the library has. */
export interface Decoded {
  toU8a(isBare?: boolean): Uint8Array
  toString(): string
  toJSON(): unknown
}

/** Largest number of keys asked for in one call; a whole subnet of 256 neurons fits in one. */
const keysPerCall = 512

export function item(pallet: string, name: string, ...keys: readonly unknown[]): StorageItem {
  return { pallet, item: name, keys }
}

/** Whether the runtime has this storage item. */
export function hasItem(api: ApiPromise, pallet: string, name: string): boolean {
  return api.query[pallet]?.[name] !== undefined
}

/**
 * The raw values of these items at one block, null where the state holds none. One call per 512 items; the raw call is
 * used because `api.at(hash)` costs further calls for every new hash.
 * @throws ChainError UNSUPPORTED_RUNTIME when the runtime has no such item
 */
export async function readRaw(
  connection: Connection,
  items: readonly StorageItem[],
  blockHash: string,
  signal?: AbortSignal,
): Promise<readonly (Uint8Array | null)[]> {
  const keys = items.map((entry) => entryOf(connection.api, entry).key(...entry.keys))
  const values: (string | null)[] = []
  for (let start = 0; start < keys.length; start += keysPerCall) {
    const page = keys.slice(start, start + keysPerCall)
    values.push(...readChanges(await connection.send('state_queryStorageAt', [page, blockHash], signal), page))
  }
  return values.map((value) => (value === null ? null : hexToU8a(value)))
}

/** Decodes a raw value with the type the metadata gives for its item. @throws ChainError PROTOCOL */
export function decodeValue(api: ApiPromise, of: Pick<StorageItem, 'pallet' | 'item'>, raw: Uint8Array): Decoded {
  const { type } = entryOf(api, of).creator.meta
  const id = type.isPlain ? type.asPlain : type.asMap.value
  return decodeExactly(api, api.registry.createLookupType(id), raw, `${of.pallet}.${of.item}`)
}

/**
 * Decodes bytes and checks that they encode back to the same bytes: the library fills short input with zeros and
 * ignores what is left over.
 * @throws ChainError PROTOCOL
 */
export function decodeExactly(api: ApiPromise, type: string, raw: Uint8Array, what: string): Decoded {
  let decoded: Decoded
  try {
    decoded = api.registry.createType(type, raw)
  } catch (cause) {
    throw undecodable(what, cause)
  }
  if (u8aToHex(decoded.toU8a()) !== u8aToHex(raw)) throw undecodable(what, undefined)
  return decoded
}

/** A runtime API call at one block: its SCALE result. @throws ChainError NODE_ERROR when the runtime has none */
export async function callRuntime(
  connection: Connection,
  method: string,
  input: Uint8Array,
  blockHash: string,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return hexToU8a(readBytes(await connection.send('state_call', [method, u8aToHex(input), blockHash], signal)))
}

/** u16 little-endian, as netuids and uids are encoded. */
export function u16(value: number): Uint8Array {
  return new Uint8Array([value & 0xff, value >> 8])
}

/** SCALE `Vec` of already encoded items. */
export function vec(items: readonly Uint8Array[]): Uint8Array {
  return u8aConcat(compactToU8a(items.length), ...items)
}

function entryOf(api: ApiPromise, of: Pick<StorageItem, 'pallet' | 'item'>) {
  const entry = api.query[of.pallet]?.[of.item]
  if (entry === undefined) {
    throw new ChainError(
      'UNSUPPORTED_RUNTIME',
      `This chain's runtime (spec ${api.runtimeVersion.specVersion.toString()}) has no ${of.pallet}.${of.item}; ` +
        'use an endpoint of a Subtensor chain from January 2025 or later.',
    )
  }
  return entry
}

function undecodable(what: string, cause: unknown): ChainError {
  return new ChainError('PROTOCOL', `${what} does not fit the type that the chain's metadata gives for it.`, { cause })
}
