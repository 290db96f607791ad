import { type ListedObject, TransferError, withDeadline } from '@sluice/transfer'
import type { BucketAccess } from './access.ts'

/** A store may send pages without any object, but not for ever. */
const MOST_EMPTY_PAGES = 1000

/**
 * The pages of a listing, which is complete or ends in an error: what is outside of the prefix, comes twice, or is out
 * of order is not believed.
 * @throws TransferError
 */
export async function* listInOrder(
  { sessions, where, callMs }: BucketAccess,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly ListedObject[], void> {
  const what = `list ${where}${prefix}`
  const leaving = new AbortController()
  const either = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  const pages = sessions.list(prefix, { signal: either })
  let last: Buffer | null = null
  let empty = 0
  try {
    for (;;) {
      const page = await withDeadline(what, callMs, signal, () => pages.next())
      if (page.done === true) return
      for (const { key } of page.value) {
        if (!key.startsWith(prefix)) throw broken(what, 'an entry is outside of it')
        // S3 sorts by the bytes of UTF-8, in which letters beyond 16 bits come in another place than in JavaScript.
        const bytes = Buffer.from(key)
        if (last !== null && Buffer.compare(bytes, last) <= 0) throw broken(what, 'an entry is out of order')
        last = bytes
      }
      if (page.value.length === 0 && ++empty > MOST_EMPTY_PAGES) throw broken(what, 'its pages do not end')
      yield page.value
    }
  } finally {
    leaving.abort()
  }
}

function broken(what: string, problem: string): TransferError {
  return new TransferError('PROTOCOL', `Cannot ${what}: ${problem}. Check the store.`, { retryable: true })
}
