/** libsodium's C interface, as far as it is used. Numbers are addresses in `HEAPU8`; as an answer 0 is success. */
declare module 'libsodium-sumo' {
  export interface Sodium {
    /** Another one after the memory grew. */
    readonly HEAPU8: Uint8Array
    _malloc(bytes: number): number
    _crypto_xof_shake128_statebytes(): number
    _crypto_xof_shake128_init_with_domain(state: number, domain: number): number
    _crypto_xof_shake128_update(state: number, bytes: number, length: number, lengthHigh: number): number
    _crypto_xof_shake128_squeeze(state: number, out: number, length: number): number
    _crypto_core_ristretto255_scalar_reduce(out: number, wide: number): void
    _crypto_scalarmult_ristretto255_base(out: number, scalar: number): number
    _crypto_scalarmult_ristretto255(out: number, scalar: number, point: number): number
    _crypto_core_ristretto255_sub(out: number, point: number, other: number): number
  }
  export default function load(): Promise<Sodium>
}
