import type { Hotkey } from '@sluice/hotkey'
import { createSigner } from '@sluice/signing'
import { TransferError } from '@sluice/transfer'
import type { ApiRoute } from '../routes.ts'
import { gatewayError } from './errors.ts'

export interface GatewayOptions {
  /** The auth endpoint of the subnet, such as `https://uploads.example.org`. */
  readonly url: string
  /** Signs every request; the gateway derives from it where things go. */
  readonly hotkey: Hotkey
  /** Default the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Milliseconds since 1970; need not be right. */
  readonly now?: (() => number) | undefined
}

export interface Question<Body, Query> {
  /** What is tried, for messages: `look up files/a`. */
  readonly what: string
  readonly body?: Body
  readonly query?: { readonly [Name in keyof Query]: string }
  /** For a route that ends in a key. */
  readonly key?: string
  readonly signal: AbortSignal | undefined
}

/**
 * Asks once and reads the reply; signs anew and asks again when the refusal tells that our clock is off.
 * @throws TransferError
 */
export type AskGateway = <Body, Query, Reply>(
  route: ApiRoute<Body, Query, Reply>,
  question: Question<Body, Query>,
) => Promise<Reply>

export interface GatewayCaller {
  readonly ask: AskGateway
  /** The gateway's time as far as it is known, milliseconds since 1970. */
  readonly now: () => number
}

/** Less is not worth another try: both clocks are cut to seconds. */
const LEAST_SKEW_MS = 2000

export function createGatewayCaller(options: GatewayOptions): GatewayCaller {
  const root = options.url.replace(/\/+$/, '')
  const fetch = options.fetch ?? ((...words: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...words))
  const localNow = options.now ?? Date.now
  /** What has to be added to our clock, milliseconds. */
  let offset = 0
  const now = (): number => localNow() + offset
  const signer = createSigner({ hotkey: options.hotkey, now })

  async function exchange<Body, Query>(
    { method, path }: ApiRoute<Body, Query, unknown>,
    { what, key, query, body: content, signal }: Question<Body, Query>,
  ): Promise<{ reply: Response; text: string }> {
    const search = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`
    const url = `${root}${key === undefined ? path : path.replace('*', () => encodeKey(key))}${search}`
    const body = content === undefined ? undefined : new TextEncoder().encode(JSON.stringify(content))
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const proof = await signer.authorize({ method, url, body })
    try {
      const reply = await fetch(url, {
        method,
        headers: { ...headers, ...proof },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
        redirect: 'error',
      })
      return { reply, text: await reply.text() }
    } catch (error) {
      if (signal?.aborted === true) {
        throw new TransferError('ABORTED', 'Stopped by the caller.', { retryable: true, cause: error })
      }
      // A fetch of ours may know more.
      if (TransferError.is(error)) {
        const { code, retryable, message } = error
        throw new TransferError(code, `Cannot ${what}. ${message}`, { retryable, cause: error })
      }
      const advice = 'Check the network and the address of the gateway.'
      throw new TransferError('UNAVAILABLE', `Cannot ${what}: no answer. ${advice}`, { retryable: true, cause: error })
    }
  }

  async function attempt<Body, Query, Reply>(
    route: ApiRoute<Body, Query, Reply>,
    question: Question<Body, Query>,
  ): Promise<Reply> {
    const { reply, text } = await exchange(route, question)
    const document = parse(text)
    if (!reply.ok) {
      const date = Date.parse(reply.headers.get('date') ?? '')
      if (reply.status === 401 && Number.isFinite(date)) offset = date - localNow()
      throw gatewayError(question.what, reply.status, document, reply.headers.get('retry-after'), localNow())
    }
    if (route.reply === undefined) return undefined as Reply
    const parsed = route.reply.safeParse(document)
    if (parsed.success) return parsed.data
    const where = parsed.error.issues[0]?.path.join('.') ?? ''
    throw outOfLine(question.what, `the reply does not fit the wire schema${where === '' ? '' : ` at ${where}`}`)
  }

  const ask: AskGateway = async (route, question) => {
    const before = offset
    try {
      return await attempt(route, question)
    } catch (error) {
      const isSkew = TransferError.is(error) && error.code === 'CLOCK_SKEW'
      if (!isSkew || Math.abs(offset - before) < LEAST_SKEW_MS) throw error
      return await attempt(route, question)
    }
  }
  return { ask, now }
}

/** Null when it is no JSON, as the empty body of a 204. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const encodeKey = (key: string): string => key.split('/').map(encodeURIComponent).join('/')

export function outOfLine(what: string, why: string): TransferError {
  return new TransferError('PROTOCOL', `Cannot ${what}: ${why}.`, { retryable: false })
}
