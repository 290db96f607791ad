import { Agent, fetch as undiciFetch } from 'undici'
import { createHttpSender, type HttpSender } from '@sluice/transfer/node'
import { TransferError } from '@sluice/transfer'
import { type Trust, untrustedCause } from './endpoint-trust.ts'

/** Far more than a page of signed URLs or of a listing has. */
const MOST_REPLY_BYTES = 16 * 1024 * 1024

/** `fetch` that goes only where it may, follows no redirect and takes no endless reply. */
export function createTrustedFetch(trust: Trust): typeof globalThis.fetch {
  // A deadline is the caller's business.
  const limits = { headersTimeout: 0, bodyTimeout: 0, maxResponseSize: MOST_REPLY_BYTES }
  const dispatcher = new Agent({ ...limits, connect: { lookup: trust.lookup, timeout: 10_000 } })
  return (async (input: string, init: RequestInit) => {
    const url = trust.check(input)
    const options = { ...init, redirect: 'error', dispatcher } as Parameters<typeof undiciFetch>[1]
    return await undiciFetch(url, options)
  }) as typeof globalThis.fetch
}

/** Sends presigned requests only where they may go; a refused one is not tried again. */
export function createTrustedSender(trust: Trust): HttpSender {
  const sender = createHttpSender({ lookup: trust.lookup })
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
