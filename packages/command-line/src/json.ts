/** `--json`: one object at the end; `--json=events`: a line per event before it. */
export type JsonMode = 'none' | 'object' | 'events'

/** Keys of our own values. Others, such as hotkeys or names of variables, are data and stay. */
const camelCase = /^[a-z][a-z0-9]*(?:[A-Z][a-zA-Z0-9]*)+$/

/** A value with every key in snake_case, as all JSON of the programs has it. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased)
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value
  if ('toJSON' in value && typeof value.toJSON === 'function') return snakeCased(value.toJSON())
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [snakeKey(key), snakeCased(part)]))
}

function snakeKey(key: string): string {
  if (!camelCase.test(key)) return key
  return key.replaceAll(/[A-Z]+(?![a-z0-9])|[A-Z]/g, (letters) => `_${letters.toLowerCase()}`)
}

/** One line. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(snakeCased(value))}\n`
}
