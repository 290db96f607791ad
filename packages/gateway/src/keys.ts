import { hotkeyPrefix } from '@sluice/hotkey'
import { GatewayError } from './errors.ts'

/** S3 allows 1024 bytes, of which the prefix takes some 62. */
const MAX_KEY = 960
const MAX_SEGMENT = 255
/**
 * Letters that mean the same in S3, in URLs, on disk and on HuggingFace. No "%", so nothing can be encoded twice; no "*",
 * no backslash, nothing but ASCII.
 */
const SEGMENT = /^[A-Za-z0-9 !'()+,\-.=@_~]+$/

/**
 * The whole key of a relative one: always below the prefix of the signer, since the server puts the prefix there.
 * @throws GatewayError BAD_REQUEST
 */
export function ownKey(address: string, relative: string): string {
  const problem = keyProblem(relative)
  if (problem !== null) throw new GatewayError('BAD_REQUEST', `The key ${problem}; choose another name.`)
  return hotkeyPrefix(address) + relative
}

/** As `ownKey` for the beginning of keys: empty, or up to any character. @throws GatewayError BAD_REQUEST */
export function ownPrefix(address: string, relative: string): string {
  const folder = relative.endsWith('/') ? relative.slice(0, -1) : relative
  const problem = relative === '' ? null : keyProblem(folder)
  if (problem !== null) throw new GatewayError('BAD_REQUEST', `The prefix ${problem}.`)
  return hotkeyPrefix(address) + relative
}

/**
 * A key of the original clients, which may send the whole key or one of their own layout: what lies below the signer's
 * prefix stays, everything else is put below it.
 * @throws GatewayError BAD_REQUEST
 */
export function adoptedKey(address: string, path: string): string {
  const prefix = hotkeyPrefix(address)
  return ownKey(address, path.startsWith(prefix) ? path.slice(prefix.length) : path)
}

/** The part of a whole key that its owner knows. */
export function relativeKey(address: string, key: string): string {
  const prefix = hotkeyPrefix(address)
  if (!key.startsWith(prefix)) throw new RangeError('a key outside its prefix')
  return key.slice(prefix.length)
}

function keyProblem(key: string): string | null {
  if (key === '') return 'is empty'
  if (key.length > MAX_KEY) return `is longer than ${MAX_KEY} characters`
  for (const segment of key.split('/')) {
    if (segment === '') return 'has an empty segment, or begins or ends with "/"'
    if (segment === '.' || segment === '..') return 'has a "." or ".." segment'
    if (segment.length > MAX_SEGMENT) return `has a segment of more than ${MAX_SEGMENT} characters`
    if (!SEGMENT.test(segment)) return "has a character outside letters, digits and !'()+,-.=@_~"
    if (segment.trim() !== segment) return 'has a segment that begins or ends with a blank'
  }
  return null
}
