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

/** JavaScript's own order is by UTF-16 unit, which puts U+1F600 before U+FB00. */
function compareCodePoints(one: string, other: string): number {
  const left = Array.from(one, (character) => character.codePointAt(0) ?? 0)
  const right = Array.from(other, (character) => character.codePointAt(0) ?? 0)
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
