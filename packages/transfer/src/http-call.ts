import type { z } from 'zod'
import { abortedError, TransferError } from './errors.ts'
import { gatewayError } from './http-errors.ts'

/** A request as it goes out, to be signed. */
export interface GatewayRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Empty when there is none. */
  readonly body: Uint8Array
}

export interface GatewayOptions {
  /** The auth endpoint of the subnet, such as `https://uploads.example.org`. */
  readonly url: string
  /** Headers that prove who asks; called anew for each attempt. */
  readonly authorize: (request: GatewayRequest) => Promise<Readonly<Record<string, string>>>
  /** Told the `Date` of replies that refuse our time, milliseconds since 1970; to correct the clock of signatures. */
  readonly onServerTime?: ((time: number) => void) | undefined
  /** Default the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined
}

interface GatewayCall {
  readonly what: string
  readonly method: GatewayRequest['method']
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly signal: AbortSignal | undefined
}

/** Asks once and reads the reply. @throws TransferError */
export type AskGateway = <T>(call: GatewayCall, shape: z.ZodType<T>) => Promise<T>

export function createGatewayCaller(options: GatewayOptions): AskGateway {
  const root = options.url.replace(/\/+$/, '')
  const { authorize, onServerTime, now = Date.now } = options
  const fetch = options.fetch ?? ((...words: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...words))

  async function exchange(call: GatewayCall): Promise<{ reply: Response; text: string }> {
    const { what, method, signal } = call
    const query = new URLSearchParams(call.query).toString()
    const url = `${root}${call.path}${query === '' ? '' : `?${query}`}`
    const body = call.body === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(call.body))
    const headers = call.body === undefined ? {} : { 'content-type': 'application/json' }
    const proof = await authorize({ method, url, headers, body })
    try {
      const reply = await fetch(url, {
        method,
        headers: { ...headers, ...proof },
        ...(call.body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
        redirect: 'error',
      })
      return { reply, text: await reply.text() }
    } catch (error) {
      if (signal?.aborted === true) throw abortedError(error)
      const advice = 'Check the network and the address of the gateway.'
      throw new TransferError('UNAVAILABLE', `Cannot ${what}: no answer. ${advice}`, { retryable: true, cause: error })
    }
  }

  return async (call, shape) => {
    const { reply, text } = await exchange(call)
    const document = parse(text)
    if (!reply.ok) {
      const date = Date.parse(reply.headers.get('date') ?? '')
      if (reply.status === 401 && Number.isFinite(date)) onServerTime?.(date)
      throw gatewayError(call.what, reply.status, document, reply.headers.get('retry-after'), now())
    }
    const parsed = shape.safeParse(document)
    if (parsed.success) return parsed.data
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    throw outOfLine(call.what, `the reply does not fit the wire schema${where === '' ? '' : ` at ${where}`}`)
  }
}

/** Null when it is no JSON, as the empty body of a 204. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export function outOfLine(what: string, why: string): TransferError {
  return new TransferError('PROTOCOL', `Cannot ${what}: ${why}.`, { retryable: false })
}
