import { BackendError } from './errors.ts'

/** S3 allows 1024 bytes; 64 are left for a prefix such as `data/hotkey={ss58}/`. */
const maxKeyBytes = 960
/** Limit of common file systems. */
const maxSegmentBytes = 255
/** Characters that mean the same in S3, in URLs after encoding, on disk and on HuggingFace. */
const segmentPattern = /^[A-Za-z0-9 !'()+,\-.=@_~]+$/

/**
 * Checks a key: `/`-separated segments of at most 255 characters out of letters, digits and ` !'()+,-.=@_~`,
 * 960 in all; no empty segment, no `.` or `..`, no blank at the ends of a segment.
 * @throws BackendError BAD_KEY
 */
export function checkKey(key: string): void {
  const problem = keyProblem(key)
  if (problem === null) return
  throw new BackendError('BAD_KEY', `Bad key ${quote(key)}: ${problem}. Choose another name.`, { retryable: false })
}

/** Checks a prefix for `list`: empty, or the beginning of a valid key. @throws BackendError BAD_KEY */
export function checkPrefix(prefix: string): void {
  if (prefix === '') return
  checkKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}

function keyProblem(key: string): string | null {
  if (key === '') return 'it is empty'
  if (key.length > maxKeyBytes) return `it is longer than ${maxKeyBytes} characters`
  for (const segment of key.split('/')) {
    if (segment === '') return 'it has an empty segment, or begins or ends with "/"'
    if (segment === '.' || segment === '..') return 'it has a "." or ".." segment'
    if (segment.length > maxSegmentBytes) return `a segment is longer than ${maxSegmentBytes} characters`
    if (!segmentPattern.test(segment)) return "it has a character outside letters, digits and !'()+,-.=@_~"
    if (segment.trim() !== segment) return 'a segment begins or ends with a blank'
  }
  return null
}

/** Control characters escaped and cut, since the key may come from anybody. */
function quote(key: string): string {
  const shown = key.length > 120 ? `${key.slice(0, 120)}…` : key
  return JSON.stringify(shown).replaceAll(
    /[\u007f-\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
