import { abortedError, throwIfAborted, TransferError } from '../errors.ts'
import { unshared } from '../pace/part-memory.ts'
import { ownHeaders, type Send, type SendOptions, type WireReply, type WireRequest } from './send.ts'
import { untilAborted } from '../pace/sleep.ts'

export interface FetchSendOptions {
  /** Default the global one. */
  readonly fetch?: typeof globalThis.fetch
  /**
   * `fetch` does not tell how far a body is, so a request may take as long as a line of this speed would, and the
   * stall time. Default 16 KiB per second.
   */
  readonly leastBytesPerSecond?: number
}

const MOST_TEXT = 64 * 1024

/** Sends signed requests with `fetch`: for browsers and other places without `node:http`. */
export function createFetchSend(options: FetchSendOptions = {}): Send {
  const least = options.leastBytesPerSecond ?? 16 * 1024
  const fetch = options.fetch ?? ((...words: Parameters<typeof globalThis.fetch>) => globalThis.fetch(...words))
  return async (request, sendOptions) => {
    const { signal, stallMs } = sendOptions
    throwIfAborted(signal)
    const { body } = request
    if (body !== undefined && !(body instanceof Uint8Array)) throw new TypeError('fetch sends whole bodies')
    const bytes = body?.length ?? 0
    await sendOptions.allow?.(bytes, signal)
    const cut = new AbortController()
    const timer = setTimeout(() => cut.abort(), stallMs + (bytes / least) * 1000)
    const stop = (): void => cut.abort()
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
    /** Moves the deadline: something came. */
    const moved = (): void => {
      clearTimeout(stalled)
      stalled = setTimeout(stop, stallMs)
    }
    /** It is us who keep the other side waiting. */
    const held = (): void => clearTimeout(stalled)
    let stalled: ReturnType<typeof setTimeout> | undefined
    const exchange = async (): Promise<WireReply> => {
      const reply = await fetch(request.url, {
        method: request.method,
        headers: ownHeaders(request),
        signal: cut.signal,
        redirect: 'error',
        credentials: 'omit',
        // A view of its own: a body that is a Blob without a type adds no content-type.
        ...(body === undefined ? {} : { body: new Blob([unshared(body)]) }),
      })
      clearTimeout(timer)
      sendOptions.onSent?.(bytes)
      return await readReply(reply, request, sendOptions, { moved, held, cut: cut.signal })
    }
    try {
      // The fetch of Node 20 does not always see a signal that is given while the body of the reply comes.
      return await untilAborted(exchange(), cut.signal)
    } catch (error) {
      // What is left of a reply that was refused must not keep coming.
      const isCut = cut.signal.aborted
      cut.abort()
      if (signal?.aborted === true) throw abortedError(error)
      if (isCut) {
        const text = 'The request took too long and was cut. Check the network.'
        throw new TransferError('TOO_SLOW', text, { retryable: true, cause: error })
      }
      if (TransferError.is(error)) throw error
      const text = 'The connection failed. Check the network, the endpoint, and the CORS rules of the bucket.'
      throw new TransferError('UNAVAILABLE', text, { retryable: true, cause: error })
    } finally {
      clearTimeout(timer)
      clearTimeout(stalled)
      signal?.removeEventListener('abort', stop)
    }
  }
}

async function readReply(
  reply: Response,
  request: WireRequest,
  { onHead, onData }: SendOptions,
  { moved, held, cut }: { readonly moved: () => void; readonly held: () => void; readonly cut: AbortSignal },
): Promise<WireReply> {
  const headers = Object.fromEntries(reply.headers)
  onHead?.({ status: reply.status, headers })
  const streamed = onData !== undefined && (reply.status === 200 || reply.status === 206)
  const decoder = new TextDecoder()
  const reader = reply.body?.getReader()
  cut.addEventListener('abort', () => void reader?.cancel().catch(() => undefined), { once: true })
  let text = ''
  let bytes = 0
  for (;;) {
    moved()
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done) break
    bytes += value.length
    held()
    if (streamed) await onData(value)
    else if (text.length < MOST_TEXT) text += decoder.decode(value, { stream: true })
  }
  const announced = reply.headers.get('content-length')
  if (request.method === 'GET' && streamed && announced !== null && reply.headers.get('content-encoding') === null) {
    if (bytes !== Number(announced)) {
      throw new TransferError('UNAVAILABLE', 'The reply ended early.', { retryable: true })
    }
  }
  return { status: reply.status, headers, text: text.slice(0, MOST_TEXT) }
}
