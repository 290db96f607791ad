import { GatewayError } from './errors.ts'

const MAX_DEPTH = 8

/**
 * Reads a request body like `JSON.parse`, but refuses duplicate keys, which two parsers read in two ways, bad UTF-8, deep
 * nesting, and `__proto__`.
 * @throws GatewayError BAD_REQUEST
 */
export function parseBody(body: Uint8Array): unknown {
  let value: unknown
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    value = JSON.parse(text)
  } catch {
    throw new GatewayError('BAD_REQUEST', 'The body is not JSON.')
  }
  const problem = structureProblem(text)
  if (problem !== null) throw new GatewayError('BAD_REQUEST', `The body has ${problem}.`)
  return value
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g

/** Walks over the tokens of a text that is known to be JSON. */
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
      const key = JSON.parse(token) as string
      if (key === '__proto__') return 'a key "__proto__"'
      if (open.at(-1)?.has(key) === true) return 'a key twice'
      open.at(-1)?.add(key)
    }
  }
  return null
}
