// CRC-32 as in zlib (ISO-HDLC): joining the values of pieces, and the base64 form of S3's headers.

const POLYNOMIAL = 0xedb88320

/** Product of two polynomials modulo the CRC's, bits reflected; after zlib's `multmodp`. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL
  }
  return product >>> 0
}

/** x^(8 n) modulo the CRC's polynomial. */
function shiftOf(bytes: number): number {
  let power = 0x00800000 // x^8
  let result = 0x80000000 // x^0
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(power, result)
    power = multiply(power, power)
  }
  return result
}

/** CRC-32 of two pieces in a row, from the CRC-32 of each and the length of the second. */
export function joinCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(shiftOf(secondBytes), first) ^ second) >>> 0
}

/** As S3 writes it: base64 of the four bytes, big-endian. */
export function crc32ToBase64(value: number): string {
  return btoa(String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255))
}

/** Null when it is not the base64 of four bytes. */
export function crc32FromBase64(text: string): number | null {
  if (!/^[A-Za-z0-9+/]{5}[AQgw]==$/.test(text)) return null
  const bytes = atob(text)
  return [0, 1, 2, 3].reduce((value, at) => value * 256 + bytes.charCodeAt(at), 0)
}
