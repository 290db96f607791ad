import { createFetch } from '@sluice/http/fetch'
import { createHttpSender, type HttpSender, networkError } from '@sluice/transfer/node'
import { TransferError } from '@sluice/transfer'
import { type Trust, untrustedCause } from './endpoint-trust.ts'

/** Far more than a page of signed URLs or of a listing has. */
const MOST_REPLY_BYTES = 16 * 1024 * 1024

/**
 * `fetch` that goes only where it may, follows no redirect and takes no endless reply. What it throws of a connection is a
 * TransferError `TLS`, `PROXY` or `UNAVAILABLE`.
 */
export function createTrustedFetch(trust: Trust): typeof globalThis.fetch {
  // A deadline is the caller's business.
  const limits = { headersMs: 0, bodyMs: 0, mostBytes: MOST_REPLY_BYTES, connectMs: 10_000 }
  const fetch = createFetch({ ...trust, ...limits })
  return (async (input: string, init: RequestInit) => {
    const url = trust.check(input)
    const reply = await fetch(url.href, { ...init, redirect: 'manual' }).catch((error: unknown) => {
      if (untrustedCause(error) !== null || init.signal?.aborted === true) throw error
      throw networkError(error)
    })
    if (reply.status < 300 || reply.status >= 400) return reply
    await reply.body?.cancel()
    throw redirected(url, reply.status, reply.headers.get('location'))
  }) as typeof globalThis.fetch
}

/** What was signed is good for one address alone. */
function redirected(url: URL, status: number, location: string | null): TransferError {
  const place =
    location !== null && URL.canParse(location, url.href) ? new URL(location, url).origin : 'an unknown place'
  const text = `${url.host} redirects to ${place.slice(0, 120)} (HTTP ${status}), which is not followed.`
  return new TransferError('UNAVAILABLE', `${text} Correct the address, or ask who runs it.`, { retryable: true })
}

/** Sends presigned requests only where they may go; a refused one is not tried again. */
export function createTrustedSender(trust: Trust): HttpSender {
  const sender = createHttpSender(trust)
  return {
    close: () => sender.close(),
    send: async (request, options) => {
      try {
        trust.check(request.url)
        return await sender.send(request, options)
      } catch (error) {
        const refused = untrustedCause(error)
        if (refused === null) throw error
        throw new TransferError('PROTOCOL', refused.message, { retryable: false, cause: refused })
      }
    },
  }
}
