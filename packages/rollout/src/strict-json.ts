/** Deepest nesting and longest text we read; a policy needs depth 4 and fits 1,536 bytes. */
const MAX_DEPTH = 12
const MAX_LENGTH = 16_384

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// Control characters must be escaped in JSON, hence the range in the class.
// oxlint-disable-next-line no-control-regex
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SPACE = /[ \t\n\r]*/y

/** One member of an object with the exact text of its value. */
export interface JsonMember {
  readonly key: string
  readonly value: unknown
  /** The value as it stood in the document, so that it can be written back bit for bit. */
  readonly text: string
}

/** An object read by {@link parseJson}: null prototype, own keys only. */
type JsonObject = Readonly<Record<string, unknown>>

/**
 * Reads JSON like `JSON.parse`, but refuses duplicate keys, deep nesting, numbers that are not finite, and texts over
 * 16 KiB; objects have no prototype, so `__proto__` is a key like any other.
 * @throws SyntaxError
 */
export const parseJson = (text: string): unknown => read(text).value

/** The members of the top-level object in document order. @throws SyntaxError, also when the text is not an object */
export const parseMembers = (text: string): readonly JsonMember[] => {
  const { members } = read(text)
  if (members === null) throw new SyntaxError('not a JSON object')
  return members
}

const read = (text: string): { value: unknown; members: readonly JsonMember[] | null } => {
  if (text.length > MAX_LENGTH) throw new SyntaxError('too long')
  let at = 0
  let top: JsonMember[] | null = null

  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0] ?? null
    if (found !== null) at += found.length
    return found
  }
  const take = (token: string): boolean => {
    match(SPACE)
    if (!text.startsWith(token, at)) return false
    at += token.length
    return true
  }
  const expect = (token: string): void => {
    if (!take(token)) throw new SyntaxError(`expected ${token} at ${at}`)
  }
  const string = (): string => {
    match(SPACE)
    const found = match(STRING)
    if (found === null) throw new SyntaxError(`expected a string at ${at}`)
    return JSON.parse(found) as string
  }
  const object = (depth: number): JsonObject => {
    const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    const members: JsonMember[] = []
    if (depth === 0) top = members
    if (take('}')) return result
    do {
      const key = string()
      if (Object.hasOwn(result, key)) throw new SyntaxError(`duplicate key at ${at}`)
      expect(':')
      match(SPACE)
      const start = at
      const value = any(depth + 1)
      result[key] = value
      if (depth === 0) members.push({ key, value, text: text.slice(start, at) })
    } while (take(','))
    expect('}')
    return result
  }
  const array = (depth: number): unknown[] => {
    const result: unknown[] = []
    if (take(']')) return result
    do result.push(any(depth + 1))
    while (take(','))
    expect(']')
    return result
  }
  const any = (depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new SyntaxError('nested too deeply')
    if (take('{')) return object(depth)
    if (take('[')) return array(depth)
    if (take('true')) return true
    if (take('false')) return false
    if (take('null')) return null
    if (text[at] === '"') return string()
    const number = Number(match(NUMBER) ?? Number.NaN)
    if (!Number.isFinite(number)) throw new SyntaxError(`unexpected text or number at ${at}`)
    return number
  }

  const value = any(0)
  match(SPACE)
  if (at !== text.length) throw new SyntaxError(`unexpected text at ${at}`)
  return { value, members: top }
}
