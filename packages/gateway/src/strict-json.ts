import { GatewayError } from './errors.ts'

const MAX_DEPTH = 8

/**
 * Reads a request body like `JSON.parse`, but refuses duplicate keys, which two parsers read in two ways, bad UTF-8, deep
 * nesting, and `__proto__`.
 * @throws GatewayError BAD_REQUEST
 */
export function parseBody(body: Uint8Array): unknown {
  let value: unknown
  let problem: string | null
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    // First, since it ends at the ninth level, where the parser would go on to the millionth.
    problem = structureProblem(text)
    value = problem === null ? JSON.parse(text) : null
  } catch {
    throw new GatewayError('BAD_REQUEST', 'The body is not JSON.')
  }
  if (problem !== null) throw new GatewayError('BAD_REQUEST', `The body has ${problem}.`)
  return value
}

/** A string without an end is one token up to the end of the text, so that no text is gone over twice. */
const TOKEN = /"(?:[^"\\]|\\[^])*(?:"|\\?$)|[{}[\],:]/g

/** Walks over the tokens; of a text that is not JSON it may say anything, or throw. */
function structureProblem(text: string): string | null {
  const open: (Set<string> | null)[] = []
  let isKey = false
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      if (open.length === MAX_DEPTH) return `more than ${MAX_DEPTH} levels`
      open.push(token === '{' ? new Set() : null)
      isKey = token === '{'
    } else if (token === '}' || token === ']') {
      open.pop()
      isKey = false
    } else if (token === ',') {
      isKey = open.at(-1) instanceof Set
    } else if (token === ':') {
      isKey = false
    } else if (isKey) {
      const key = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1)
      if (key === '__proto__') return 'a key "__proto__"'
      if (open.at(-1)?.has(key) === true) return 'a key twice'
      open.at(-1)?.add(key)
    }
  }
  return null
}
