/** A repeatable series of numbers in 0..1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Bytes that depend on the seed alone, and repeat nowhere. */
export function seededBytes(seed: number, bytes: number): Buffer {
  const random = seeded(seed)
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let index = 0; index < words.length; index++) words[index] = random() * 2 ** 32
  return Buffer.from(words.buffer, 0, bytes)
}
