/** How a pallet is declared: storage entries know their keys, calls and events their fields. */
import { blake2AsU8a, xxhashAsU8a } from '@polkadot/util-crypto'
import { stringToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import { type Codec, encode, type VariantList } from '../codec/codec.ts'

export type Hasher = 'Blake2_128Concat' | 'Twox64Concat' | 'Identity'
export interface Entry<K extends readonly unknown[], V> {
  readonly name: string
  readonly hashers: readonly Hasher[]
  readonly keyCodecs: readonly Codec<unknown>[]
  readonly codec: Codec<V>
  /** Value of a missing key; null makes the entry Optional. */
  readonly fallback: V | null
  /** 0x hex of the storage key; fewer keys give the prefix of a map. */
  key(...keys: K | []): string
}
export interface Constant {
  readonly name: string
  readonly type: Codec<unknown>
  readonly value: unknown
}
export interface Pallet {
  readonly name: string
  readonly crate: string
  readonly index: number
  readonly storage: readonly Entry<readonly unknown[], unknown>[]
  readonly calls: VariantList | null
  readonly events: VariantList | null
  /** Error names with their index. */
  readonly errors: Readonly<Record<string, number>> | null
  readonly constants: readonly Constant[]
}

const HASH: Record<Hasher, (bytes: Uint8Array) => Uint8Array> = {
  Blake2_128Concat: (bytes) => u8aConcat(blake2AsU8a(bytes, 128), bytes),
  Twox64Concat: (bytes) => u8aConcat(xxhashAsU8a(bytes, 64), bytes),
  Identity: (bytes) => bytes,
}

/** Declares the storage entries of one pallet: twox128(pallet) ++ twox128(entry) ++ hashed keys. */
export function createEntry(
  pallet: string,
): <K extends readonly unknown[], V>(
  name: string,
  hashers: readonly Hasher[],
  keyCodecs: { readonly [I in keyof K]: Codec<K[I]> },
  codec: Codec<V>,
  fallback: V | null,
) => Entry<K, V> {
  return (name, hashers, keyCodecs, codec, fallback) => {
    const prefix = u8aConcat(xxhashAsU8a(stringToU8a(pallet), 128), xxhashAsU8a(stringToU8a(name), 128))
    const codecs = keyCodecs as readonly Codec<unknown>[]
    return {
      name,
      hashers,
      keyCodecs: codecs,
      codec,
      fallback,
      key: (...keys) =>
        u8aToHex(
          u8aConcat(
            prefix,
            ...keys.map((value, index) =>
              HASH[hashers[index] ?? 'Identity'](encode(codecs[index] as Codec<unknown>, value)),
            ),
          ),
        ),
    }
  }
}
