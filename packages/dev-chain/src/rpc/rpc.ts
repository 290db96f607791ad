/** The JSON-RPC methods without a subscription. */
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto'
import { hexToU8a, isHex, u8aToHex } from '@polkadot/util'
import { createApis } from '../pallets/apis.ts'
import type { Block, Header } from '../block/block.ts'
import { encode } from '../codec/codec.ts'
import { apiIds } from '../pallets/described.ts'
import { invalidParams, RpcFailure } from './failure.ts'
import type { Ledger } from '../block/ledger.ts'
import { developerMethods } from './levers.ts'
import { costOf } from '../block/fees.ts'
import { decodeOrRefuse } from '../block/pool.ts'
import { digestItem } from '../codec/primitives.ts'
import { account } from '../pallets/system.ts'
import { readEntry, storageKey } from '../block/state.ts'
import type { Methods, Params } from './rpc-method.ts'

export function headerJson(header: Header): object {
  return {
    parentHash: u8aToHex(header.parentHash),
    number: `0x${header.number.toString(16)}`,
    stateRoot: u8aToHex(header.stateRoot),
    extrinsicsRoot: u8aToHex(header.extrinsicsRoot),
    digest: { logs: header.digest.logs.map((log) => u8aToHex(encode(digestItem, log))) },
  }
}

/** Storage changes as `state_queryStorageAt` and `state_subscribeStorage` report them. */
export function changeSet(block: Block, keys: readonly string[]): object {
  return {
    block: block.hash,
    changes: keys.map((key) => {
      const value = block.state.raw(key)
      return [key, value && u8aToHex(value)]
    }),
  }
}

export function keyList(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw invalidParams('expected a list of storage keys')
  return value.map(oneKey)
}
function oneKey(value: unknown): string {
  const key = storageKey(value)
  if (key === null) throw invalidParams('expected a 0x hex storage key')
  return key
}
export function bytesOf(value: unknown): Uint8Array {
  if (!isHex(value)) throw invalidParams('expected 0x hex')
  return hexToU8a(value)
}
function addressOf(value: unknown): string {
  try {
    return encodeAddress(decodeAddress(String(value)), 42)
  } catch {
    throw invalidParams('expected an ss58 address')
  }
}

export function createMethods(ledger: Ledger, name: string): Methods {
  const { runtime } = ledger
  const apis = createApis(runtime, apiIds(runtime.kind))
  const at = (hash: unknown): Block => {
    if (hash === undefined || hash === null) return ledger.head
    const block = typeof hash === 'string' ? ledger.byHash(hash.toLowerCase()) : null
    if (!block) throw new RpcFailure(4003, 'Client error: UnknownBlock: Header was not found in the database')
    return block
  }
  const numberOf = (value: unknown): string | null => {
    const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN
    if (!Number.isInteger(number) || number < 0) throw invalidParams('expected a block number')
    return ledger.byNumber(number)?.hash ?? null
  }
  const value = ([key, hash]: Params): Uint8Array | null => at(hash).state.raw(oneKey(key))
  const hexValue = (params: Params): string | null => {
    const found = value(params)
    return found && u8aToHex(found)
  }
  const pagedKeys = ([prefix, count, start, hash]: Params): readonly string[] => {
    const after = start === undefined || start === null ? '' : oneKey(start)
    const limit = Number(count)
    if (!Number.isInteger(limit) || limit < 0 || limit > 1000) throw invalidParams('count must be 0..1000')
    return at(hash)
      .state.keys(oneKey(prefix))
      .filter((key) => key > after)
      .slice(0, limit)
  }
  const blockHash = ([number]: Params): unknown => {
    if (number === undefined || number === null) return ledger.head.hash
    return Array.isArray(number) ? number.map(numberOf) : numberOf(number)
  }
  const runtimeVersion = {
    specName: 'node-subtensor',
    implName: 'node-subtensor',
    authoringVersion: 1,
    specVersion: runtime.specVersion,
    implVersion: 1,
    apis: apis.versions,
    transactionVersion: 1,
    stateVersion: 1,
  }
  const nextNonce = ([address]: Params): number => {
    const who = addressOf(address)
    return ledger.pool.nextNonce(who, readEntry(ledger.head.state, account, who)?.nonce ?? 0)
  }

  return {
    author_pendingExtrinsics: () => ledger.pool.pending().map((one) => u8aToHex(one.bytes)),
    author_submitExtrinsic: ([hex]) => ledger.submit(bytesOf(hex)).hash,
    chain_getBlock([hash]) {
      const block = at(hash)
      const extrinsics = block.extrinsics.map((one) => u8aToHex(one))
      return { block: { header: headerJson(block.header), extrinsics }, justifications: null }
    },
    chain_getBlockHash: blockHash,
    chain_getHead: blockHash,
    chain_getFinalizedHead: () => ledger.finalized.hash,
    chain_getFinalisedHead: () => ledger.finalized.hash,
    chain_getHeader: ([hash]) => headerJson(at(hash).header),
    payment_queryInfo([hex, hash]) {
      at(hash)
      const cost = costOf(decodeOrRefuse(runtime, bytesOf(hex)))
      const weight = { ref_time: Number(cost.weight.ref_time), proof_size: Number(cost.weight.proof_size) }
      return { weight, class: cost.class.type.toLowerCase(), partialFee: cost.fee.toString() }
    },
    state_call: ([method, data, hash]) => u8aToHex(apis.call(String(method), bytesOf(data), at(hash))),
    state_getKeys: ([prefix, hash]) => at(hash).state.keys(oneKey(prefix)),
    state_getKeysPaged: pagedKeys,
    state_getKeysPagedAt: pagedKeys,
    state_getMetadata: ([hash]) => at(hash) && apis.metadata14,
    state_getRuntimeVersion: ([hash]) => at(hash) && runtimeVersion,
    chain_getRuntimeVersion: ([hash]) => at(hash) && runtimeVersion,
    state_getStorage: hexValue,
    state_getStorageAt: hexValue,
    state_getStorageSize: (params) => value(params)?.length ?? null,
    state_queryStorageAt: ([keys, hash]) => [changeSet(at(hash), keyList(keys))],
    system_accountNextIndex: nextNonce,
    account_nextIndex: nextNonce,
    system_chain: () => name,
    system_chainType: () => 'Development',
    system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
    system_localListenAddresses: () => [],
    system_name: () => 'Sluice devnet',
    system_nodeRoles: () => ['Authority'],
    system_peers: () => [],
    system_properties: () => ({ ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'TAO' }),
    system_syncState: () => ({ startingBlock: 0, currentBlock: ledger.head.number, highestBlock: ledger.head.number }),
    system_version: () => '0.1.0',
    ...developerMethods(ledger),
  }
}
