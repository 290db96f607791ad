import { setTimeout as pause } from 'node:timers/promises'
import {
  type AskGateway,
  completeUpload,
  createGatewaySessions,
  type Gateway,
  openGateway,
} from '@sluice/gateway-api/client'
import type { Hotkey } from '@sluice/hotkey'
import { type BucketSessions, TransferError } from '@sluice/transfer'
import type { BackendError } from '../port/errors.ts'
import { createTrust, type Trust, type TrustOptions, untrustedCause } from '../trust/endpoint-trust.ts'
import { createTrustedFetch } from '../trust/trusted-fetch.ts'

export interface GatewayClientOptions extends TrustOptions {
  /** Auth endpoints, the preferred one first; the others are asked while it is not available. At least one. */
  readonly endpoints: readonly string[]
  /** Signs every request; the gateway derives from it where things go. */
  readonly hotkey: Hotkey
  /** How long one endpoint may take for an answer before the next is asked, milliseconds; default 15,000. */
  readonly deadlineMs?: number | undefined
  /** The same while the store assembles an object; default 300,000. */
  readonly completeMs?: number | undefined
  /** Milliseconds since 1970; need not be right. */
  readonly now?: (() => number) | undefined
  readonly sleep?: ((ms: number, signal?: AbortSignal) => Promise<void>) | undefined
}

/** A gateway as its clients see it: several endpoints, one clock, one hotkey. */
export interface GatewayClient {
  readonly trust: Trust
  /** For the transfer engine. */
  readonly sessions: BucketSessions
  /** One question of the native API. @throws TransferError, whose cause tells when no endpoint may be called */
  readonly ask: AskGateway
  /** How long a question may take over all endpoints and with all waits that are asked for, milliseconds. */
  readonly callMs: number
  readonly completeMs: number
  /** The gateway's time as far as it is known, milliseconds since 1970. */
  readonly now: () => number
}

/** A gateway that asks for less is waited for here; so often in a row. */
const MOST_WAIT_MS = 10_000
const MOST_WAITS = 5
/** Another endpoint may answer where one failed like this; anything else is an answer. */
const down: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TLS', 'PROXY', 'TOO_SLOW', 'NOT_FOUND'])

/** Nothing is called before the first question; an endpoint that must not be called is left out then. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const { endpoints: urls, hotkey, deadlineMs = 15_000, completeMs = 300_000, now = Date.now } = options
  const sleep = options.sleep ?? ((ms, signal) => pause(ms, undefined, signal === undefined ? {} : { signal }))
  if (urls.length === 0) throw new RangeError('a gateway needs at least one endpoint')
  const trust = createTrust(options)
  const fetch = createTrustedFetch(trust)
  const endpoints = urls.map((url) => openGateway({ url, hotkey, now, fetch }))
  let current = 0

  /** The endpoint that worked last, then the others in their order. */
  async function first<T>(work: (at: Gateway, signal: AbortSignal) => Promise<T>, call: Call): Promise<T> {
    const order = endpoints.map((_, index) => (current + index) % endpoints.length)
    const failures: unknown[] = []
    for (const index of order) {
      const endpoint = endpoints[index] as Gateway
      try {
        const result = await within((signal) => work(endpoint, signal), call)
        current = index
        return result
      } catch (error) {
        if (call.signal?.aborted === true) throw error
        if (!isDown(error)) {
          current = index // a refusal is an answer too
          throw error
        }
        failures.push(error)
      }
    }
    // One that may answer later counts more than one that must never be asked.
    const passing = failures.find((failure) => untrustedCause(failure) === null)
    throw passing ?? refusal(untrustedCause(failures[0]))
  }

  async function patiently<T>(work: (at: Gateway, signal: AbortSignal) => Promise<T>, call: Call): Promise<T> {
    for (let waits = 0; ; waits++) {
      try {
        return await first(work, call)
      } catch (error) {
        const wait = TransferError.is(error) && error.code === 'THROTTLED' ? (error.retryAfterMs ?? 1000) : null
        if (wait === null || wait > MOST_WAIT_MS || waits >= MOST_WAITS) throw error
        await sleep(wait, call.signal).catch(() => Promise.reject(error))
      }
    }
  }

  const ask: AskGateway = (route, question) => {
    const isLong = route.path === completeUpload.path
    const call = { signal: question.signal, deadlineMs: isLong ? completeMs : deadlineMs }
    return patiently((gateway, signal) => gateway.ask(route, { ...question, signal }), call)
  }

  return {
    trust,
    ask,
    // The uploads are those of the bucket, whoever of several endpoints signs for it.
    sessions: createGatewaySessions(ask, (endpoints[0] as Gateway).sessions.destination),
    callMs: (urls.length + 1) * deadlineMs + MOST_WAITS * MOST_WAIT_MS,
    completeMs: urls.length * completeMs + MOST_WAITS * MOST_WAIT_MS,
    now: () => (endpoints[current] as Gateway).now(),
  }
}

interface Call {
  readonly signal: AbortSignal | undefined
  readonly deadlineMs: number
}

/** Given up after the deadline, whatever the work makes of its signal. */
async function within<T>(work: (signal: AbortSignal) => Promise<T>, { signal, deadlineMs }: Call): Promise<T> {
  const cut = new AbortController()
  const stop = (): void => cut.abort(signal?.reason)
  if (signal?.aborted === true) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const text = `The gateway did not answer within ${deadlineMs / 1000} s. Check the network and its address.`
      reject(new TransferError('TOO_SLOW', text, { retryable: true }))
      cut.abort()
    }, deadlineMs)
  })
  try {
    return await Promise.race([work(cut.signal), late])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

function refusal(refused: BackendError | null): TransferError {
  const text = refused?.message ?? 'No endpoint of the gateway may be called.'
  return new TransferError('PROTOCOL', text, { retryable: false, cause: refused })
}

function isDown(error: unknown): boolean {
  return untrustedCause(error) !== null || (TransferError.is(error) && down.has(error.code))
}
