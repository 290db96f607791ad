/** Control characters (C0, DEL, C1), line and paragraph separators, and marks that turn the direction of writing. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * Text from chain, node or file, made safe for a terminal: what could move the cursor, colour or hide something becomes `?`.
 */
export const printable = (text: string): string => text.replace(UNSAFE, '?')

/** Bytes as text when they are printable ASCII, else as 0x hex. */
export const bytesAsText = (bytes: Uint8Array): string => {
  const isAscii = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isAscii ? new TextDecoder().decode(bytes) : `0x${Buffer.from(bytes).toString('hex')}`
}
