/**
 * JSON as Python's `json.dumps(value, sort_keys=True)` writes it: `", "` and `": "` between, ASCII only, keys by code
 * point. Numbers are written as JavaScript does, which is the same for whole numbers up to 2^53.
 * @throws RangeError for what JSON cannot say, and below 32 levels
 */
export function pythonJson(value: unknown, depth = 0): string {
  if (depth > 32) throw new RangeError('nested too deeply')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value)
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `[${value.map((item) => pythonJson(item, depth + 1)).join(', ')}]`
  if (typeof value !== 'object') throw new RangeError('not a JSON value')
  const members = Object.entries(value).sort(([one], [other]) => compareCodePoints(one, other))
  return `{${members.map(([key, item]) => `${quote(key)}: ${pythonJson(item, depth + 1)}`).join(', ')}}`
}

/** `JSON.stringify` leaves U+007F and above; Python escapes all that is not printable ASCII. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Compares by code point, as Python does. JavaScript compares UTF-16 units, which puts U+1F600 before U+FB00. This runs
 * before a signature is checked and anybody can send long keys, so it allocates nothing.
 */
function compareCodePoints(one: string, other: string): number {
  const shorter = Math.min(one.length, other.length)
  let at = 0
  while (at < shorter && one.charCodeAt(at) === other.charCodeAt(at)) at++
  if (at === shorter) return one.length - other.length
  return rank(one.charCodeAt(at)) - rank(other.charCodeAt(at))
}

/** The place of a UTF-16 unit in the order of code points: surrogates stand for U+10000 and above, so they come last. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
