/** Longest minimum or maximum in the footer, in bytes; digests are always whole. */
const LONGEST = 32

/** Bounds of a column chunk as the footer has them; not exact when shortened. */
export interface Bounds {
  readonly min: Uint8Array
  /** Null when no short text is above the greatest one. */
  readonly max: Uint8Array | null
  readonly minExact: boolean
  readonly maxExact: boolean
}

/** Bounds of fixed size. */
export function exactBounds(min: Uint8Array, max: Uint8Array): Bounds {
  return { min, max, minExact: true, maxExact: true }
}

/** Bounds of UTF-8 texts, both shortened to 32 bytes at whole characters: the minimum down, the maximum up. */
export function textBounds(min: Uint8Array, max: Uint8Array): Bounds {
  const minExact = min.length <= LONGEST
  const maxExact = max.length <= LONGEST
  return {
    min: Uint8Array.from(minExact ? min : shorten(min)),
    max: maxExact ? Uint8Array.from(max) : above(shorten(max)),
    minExact,
    maxExact,
  }
}

function shorten(text: Uint8Array): Uint8Array {
  let end = LONGEST
  while ((text[end]! & 0xc0) === 0x80) end -= 1
  return text.subarray(0, end)
}

/** The shortest change upwards of the last character that has a successor; null when none has one. */
function above(prefix: Uint8Array): Uint8Array | null {
  const characters = Array.from(Buffer.from(prefix).toString('utf8'))
  for (let last = characters.pop(); last !== undefined; last = characters.pop()) {
    const code = last.codePointAt(0)!
    if (code === 0x10ffff) continue
    const next = code === 0xd7ff ? 0xe000 : code + 1 // no surrogates
    const bytes = Buffer.from(characters.join('') + String.fromCodePoint(next), 'utf8')
    if (bytes.length <= LONGEST) return bytes
  }
  return null
}
