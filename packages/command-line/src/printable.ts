/** Control characters (C0, DEL, C1), line and paragraph separators, and marks that turn the direction of writing. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Text from chain, stores or files made safe for a terminal: what could move the cursor or hide something becomes `?`. */
export function printable(text: string): string {
  return text.replace(unsafe, '?')
}

/** The same, at most `length` characters, the middle left out. */
export function shortened(text: string, length: number): string {
  const safe = printable(text)
  if (safe.length <= length) return safe
  const head = Math.ceil((length - 1) / 2)
  return `${safe.slice(0, head)}…${safe.slice(safe.length - (length - 1 - head))}`
}
