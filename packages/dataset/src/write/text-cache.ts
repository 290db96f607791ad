/** Beyond this many texts everything is forgotten, so that memory stays bounded. */
const CAPACITY = 10_000

/** The function, remembering its results: an hour has few different seconds and authors. */
export function createCache(compute: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const hit = known.get(text)
    if (hit !== undefined) return hit
    if (known.size === CAPACITY) known.clear()
    const result = compute(text)
    known.set(text, result)
    return result
  }
}
