import { setTimeout as delay } from 'node:timers/promises'

import type { Proxies } from '@sluice/http'
import { createFetch } from '@sluice/http/fetch'

import { throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { ObjectBlob } from './blob.ts'
import { hubError, isTransient, networkError, refusalError } from './errors.ts'
import { readAll } from '../port/stream.ts'

export interface HubFetchOptions {
  /** Address of the hub; default `https://huggingface.co`. */
  readonly hubUrl?: string
  /** Proxies on the way; default none. */
  readonly proxies?: Proxies | undefined
  /** The fetch under the retries; default: undici's. */
  readonly fetch?: typeof fetch
  /** Waits so many milliseconds; default: a timer. */
  readonly sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** 0 ≤ x < 1, for the jitter; default `Math.random`. */
  readonly random?: () => number
  readonly now?: () => number
  /** A request without progress for so long is cut and tried again, milliseconds; default 120,000. */
  readonly idleMs?: number
}

/** Requests to the hub with retries; bound to the caller's signal. */
export type HubFetch = (signal: AbortSignal | undefined) => typeof fetch

const attempts = 5
/** Longer waits are the caller's business: it gets `retryAfterMs`. */
const longestWaitMs = 60_000
/** A refusal says what is wrong in a few words; more is not read. */
const longestWords = 10_000
/** POSTs that change nothing, or the same thing twice (a second creation is answered 409). */
const repeatable = /\/(preupload|paths-info)\/[^/]+$|\/info\/lfs\/objects\/batch$|\/api\/repos\/create$/

export const defaultHubUrl = 'https://huggingface.co'

/**
 * Puts what `@huggingface/hub` lacks under its requests: retries with full jitter, Retry-After and RateLimit,
 * an idle timer, bodies that are not buffered, errors that keep the reply's headers.
 * Answers 404 EntryNotFound, 409 and 416 are passed on; every other refusal is thrown as a BackendError.
 */
export function createHubFetch(options: HubFetchOptions = {}): HubFetch {
  const idleMs = options.idleMs ?? 120_000
  const send = options.fetch ?? createPlainFetch(idleMs, options.proxies)
  const random = options.random ?? Math.random
  const now = options.now ?? Date.now
  const sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, signal ? { signal } : {}))
  const hubOrigin = new URL(options.hubUrl ?? defaultHubUrl).origin

  return (signal) =>
    async (input, init = {}) => {
      const url = new URL(input instanceof Request ? input.url : input)
      const method = init.method ?? 'GET'
      const what = `${method} ${url.host}${url.pathname}`
      const storage = url.origin !== hubOrigin
      for (let attempt = 1; ; attempt += 1) {
        throwIfAborted(signal)
        let failure: BackendError
        let hopeful = true
        try {
          const response = await sendOnce(send, url, init, idleMs, signal)
          if (passes(response)) return response
          hopeful = isTransient(response.status)
          failure = await refused(response, what, new Headers(init.headers).has('authorization'), storage, now)
        } catch (error) {
          if (signal?.aborted || init.signal?.aborted) throw hubError(what, error, signal)
          failure = hubErrorOfSource(error) ?? networkError(what, error)
        }
        // After a lost answer to a commit nobody knows whether it was made: the caller looks before it tries again.
        const again = failure.code === 'THROTTLED' || method !== 'POST' || repeatable.test(url.pathname)
        const waitMs = failure.retryAfterMs ?? random() * Math.min(8000, 500 * 2 ** attempt)
        if (!failure.retryable || !hopeful || !again || attempt >= attempts || waitMs > longestWaitMs) throw failure
        await sleep(waitMs, signal).catch((error: unknown) => {
          throw hubError(what, error, signal)
        })
      }
    }
}

/** One try, cut when nothing moves for `idleMs` until the reply's headers are there. */
async function sendOnce(
  send: typeof fetch,
  url: URL,
  init: RequestInit,
  idleMs: number,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const idle = new AbortController()
  const timer = setTimeout(() => idle.abort(new Error('nothing moved for too long')), idleMs)
  const signals = [idle.signal, ...(signal ? [signal] : []), ...(init.signal ? [init.signal] : [])]
  const { body } = init
  // Node's fetch copies a body for a possible redirect, all of it in memory, unless these two are set (undici #4058).
  const unbuffered: RequestInit = body instanceof Blob ? { window: null, redirect: 'error' } : {}
  const watched = body instanceof ObjectBlob ? { body: body.watched(() => timer.refresh()) } : {}
  try {
    return await send(url, { ...init, ...unbuffered, ...watched, signal: AbortSignal.any(signals) })
  } finally {
    clearTimeout(timer)
  }
}

function passes(response: Response): boolean {
  if (response.status < 400 || response.status === 409 || response.status === 416) return true
  return response.status === 404 && response.headers.get('X-Error-Code') === 'EntryNotFound'
}

async function refused(
  response: Response,
  what: string,
  hasToken: boolean,
  storage: boolean,
  now: () => number,
): Promise<BackendError> {
  const { status, headers } = response
  const text = headers.get('X-Error-Message') ?? (storage ? '' : await readWords(response))
  await response.body?.cancel().catch(() => undefined)
  // Untrusted text goes into logs: printable ASCII only, and nothing that looks like a token.
  const words = text
    .replaceAll(/[^\x20-\x7e]/g, ' ')
    .replaceAll(/hf_\w+/g, 'hf_…')
    .replaceAll('"', "'")
    .slice(0, 200)
  const retryAfterMs = status === 429 || isTransient(status) ? askedWait(headers, now) : null
  return refusalError({ status, code: headers.get('X-Error-Code'), words, what, hasToken, storage, retryAfterMs })
}

async function readWords(response: Response): Promise<string> {
  if (response.body === null || !(response.headers.get('Content-Type') ?? '').startsWith('application/json')) return ''
  try {
    const bytes = await readAll(response.body as ReadableStream<Uint8Array>, longestWords)
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()))
    const error = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)['error'] : null
    return typeof error === 'string' ? error : ''
  } catch {
    return '' // a refusal without words is one all the same
  }
}

/** Milliseconds from Retry-After (RFC 9110 10.2.3) or `RateLimit: "api";r=0;t=55`, plus a second; null: not said. */
function askedWait(headers: Headers, now: () => number): number | null {
  const after = headers.get('Retry-After')
  if (after !== null && /^\d{1,6}$/.test(after)) return Number(after) * 1000
  const date = after === null ? Number.NaN : Date.parse(after)
  if (!Number.isNaN(date)) return Math.max(0, date - now())
  const reset = /(?:^|;)\s*t=(\d{1,6})/.exec(headers.get('RateLimit') ?? '')?.[1]
  return reset === undefined ? null : Number(reset) * 1000 + 1000
}

/** Errors of our own content reader come out of fetch as a cause. */
function hubErrorOfSource(error: unknown): BackendError | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (BackendError.is(cause)) return cause
  }
  return null
}

/**
 * undici with its own limits off while sending (300 s for the headers, counted from the start of the body);
 * a reply's body may pause for `idleMs`.
 */
function createPlainFetch(idleMs: number, proxies: Proxies | undefined): typeof fetch {
  return createFetch({ proxies, headersMs: 0, bodyMs: idleMs })
}
