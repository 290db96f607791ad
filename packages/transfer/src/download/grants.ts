import { changed, type Grants } from './range.ts'
import { TransferError } from '../errors.ts'
import type { ReadGrant } from '../sessions/port.ts'

/** A URL this close to its end may expire on its way. */
const MARGIN_MS = 15_000

/**
 * Asks for a signed GET when there is none, or none that will last.
 * @param ask asks the sessions, with all retries
 */
export function createGrants(options: {
  readonly key: string
  readonly etag: string
  readonly now: () => number
  readonly ask: (signal: AbortSignal | undefined) => Promise<ReadGrant | null>
}): Grants {
  const { key, etag, now, ask } = options
  let pending: Promise<ReadGrant> | null = null
  let known: ReadGrant | null = null

  async function renew(signal: AbortSignal | undefined): Promise<ReadGrant> {
    const grant = await ask(signal)
    if (grant === null) throw gone(key)
    if (grant.etag !== etag) throw changed(key)
    known = grant
    return grant
  }
  return {
    current: (signal) => {
      if (known !== null && known.expiresAt - now() > MARGIN_MS) return Promise.resolve(known)
      // One question for all ranges that wait.
      pending ??= renew(signal).finally(() => (pending = null))
      return pending
    },
    drop: (grant) => {
      if (known === grant) known = null
    },
  }
}

export function gone(key: string): TransferError {
  return new TransferError('NO_SUCH_KEY', `There is no object ${key}. Check the key.`, { retryable: false })
}
