/** The two lowest layers of SCALE: a bounded cursor and integers. */

/** Bytes that cannot be decoded; the runtime refuses such an extrinsic before it dispatches anything. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

/** A cursor over bytes that refuses to run over the end. */
export interface Source {
  readonly offset: number
  readonly left: number
  take(length: number): Uint8Array
}

export function createSource(bytes: Uint8Array): Source {
  let offset = 0
  return {
    get offset() {
      return offset
    },
    get left() {
      return bytes.length - offset
    },
    take(length) {
      if (offset + length > bytes.length) throw new DecodeError(`need ${length} bytes, have ${bytes.length - offset}`)
      offset += length
      return bytes.subarray(offset - length, offset)
    },
  }
}

export function pushLittleEndian(value: bigint, bytes: number, out: number[]): void {
  let rest = BigInt.asUintN(bytes * 8, value)
  for (let index = 0; index < bytes; index += 1) {
    out.push(Number(rest & 0xffn))
    rest >>= 8n
  }
}

export function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** SCALE compact integer, https://docs.polkadot.com/ "SCALE codec": two low bits choose 1, 2, 4 or n bytes. */
export function writeCompact(value: bigint, out: number[]): void {
  if (value < 1n << 6n) out.push(Number(value) << 2)
  else if (value < 1n << 14n) pushLittleEndian((value << 2n) | 1n, 2, out)
  else if (value < 1n << 30n) pushLittleEndian((value << 2n) | 2n, 4, out)
  else {
    const length = Math.ceil(value.toString(16).length / 2)
    out.push(((length - 4) << 2) | 3)
    pushLittleEndian(value, length, out)
  }
}

export function readCompact(input: Source): bigint {
  const first = input.take(1)[0] ?? 0
  const mode = first & 3
  if (mode === 0) return BigInt(first >> 2)
  if (mode === 3) return littleEndian(input.take((first >> 2) + 4))
  const rest = input.take(mode === 1 ? 1 : 3)
  return littleEndian(Uint8Array.of(first, ...rest)) >> 2n
}
