import { TransferError } from '../errors.ts'
import { eitherSignal } from '../pace/sleep.ts'
import type { SignedRequest } from '../sessions/port.ts'
import { replyFailure, s3CodeOf } from '../sessions/s3-errors.ts'
import type { Send, WireReply } from '../sessions/send.ts'

export interface OpenOptions {
  /** What is read, for messages. */
  readonly key: string
  /** Both ends included; `end` may lie behind the object's. Default the whole. */
  readonly range?: { readonly start: number; readonly end: number } | undefined
  readonly stallMs: number
  readonly signal?: AbortSignal | undefined
}

/** An object on its way. Not reading `body` to its end must be followed by `body.cancel()`. */
export interface ObjectStream {
  /** Size of the whole object, not of the range. */
  readonly bytes: number
  /** Of exactly the bytes asked for, or it fails with a TransferError. */
  readonly body: ReadableStream<Uint8Array>
}

/**
 * Opens an object by one signed GET, as it is stored. Tries once; the reader's pace holds the sender back.
 * @throws TransferError
 */
export function openObject(
  send: Send,
  { url, headers }: Pick<SignedRequest, 'url' | 'headers'>,
  { key, range, stallMs, signal }: OpenOptions,
): Promise<ObjectStream | 'absent' | 'past-end'> {
  const leaving = new AbortController()
  const pipe = createPipe(() => leaving.abort())
  const asked = range === undefined ? headers : { ...headers, range: `bytes=${range.start}-${range.end}` }
  return new Promise((resolve, reject) => {
    /** How many bytes are to come; null before the head of a good reply. */
    let left: number | null = null
    const onHead = (head: Omit<WireReply, 'text'>): void => {
      if (head.status !== 200 && head.status !== 206) return
      const { bytes, expected } = extentOf(key, head, range)
      left = expected
      resolve({ bytes, body: pipe.body })
    }
    const onData = (chunk: Uint8Array): Promise<void> => {
      left = (left ?? 0) - chunk.length
      if (left < 0) throw wrong(key, 'more bytes came than were announced')
      return pipe.write(chunk)
    }
    const options = { signal: eitherSignal(signal, leaving.signal), stallMs, onHead, onData }
    const receive = async (): Promise<void> => {
      try {
        const reply = await send({ method: 'GET', url, headers: asked }, options)
        if (left === 0) pipe.end()
        else if (left !== null)
          throw new TransferError('UNAVAILABLE', `The answer to read ${key} was cut.`, { retryable: true })
        else if (isAbsent(reply)) resolve('absent')
        else if (reply.status === 416 && range !== undefined) resolve('past-end')
        else throw replyFailure(`read ${key}`, reply, Date.now())
      } catch (error) {
        // Of the two the one that was answered already takes no notice.
        reject(error)
        pipe.fail(error)
      }
    }
    void receive()
  })
}

function isAbsent({ status, text }: WireReply): boolean {
  const code = s3CodeOf(text)
  return status === 404 && (code === null || code === 'NoSuchKey')
}

/** Size of the object and number of bytes to come. @throws TransferError `PROTOCOL` */
function extentOf(
  key: string,
  { status, headers }: Omit<WireReply, 'text'>,
  range: OpenOptions['range'],
): { readonly bytes: number; readonly expected: number } {
  const length = headers['content-length'] ?? ''
  if (!/^\d+$/.test(length)) throw wrong(key, 'no size came')
  if (range === undefined) return { bytes: Number(length), expected: Number(length) }
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? []
  if (status !== 206 || start === undefined) throw wrong(key, 'the range was ignored')
  const bytes = Number(size)
  const last = Math.min(range.end, bytes - 1)
  const expected = last - range.start + 1
  if (Number(start) !== range.start || Number(end) !== last || Number(length) !== expected) {
    throw wrong(key, 'another range came')
  }
  return { bytes, expected }
}

interface Pipe {
  readonly body: ReadableStream<Uint8Array>
  /** Resolves once somebody took the chunk, of which a copy is given. */
  write(chunk: Uint8Array): Promise<void>
  end(): void
  fail(error: unknown): void
}

/** Turns what is pushed into what is pulled, one chunk at a time. */
function createPipe(onCancel: () => void): Pipe {
  let controller: ReadableStreamDefaultController<Uint8Array>
  let wanted = false
  let isCancelled = false
  let wake = (): void => undefined
  const body = new ReadableStream<Uint8Array>(
    {
      start: (made) => void (controller = made),
      pull: () => {
        wanted = true
        wake()
      },
      cancel: () => {
        isCancelled = true
        wake()
        onCancel()
      },
    },
    { highWaterMark: 0 },
  )
  return {
    body,
    write: async (chunk) => {
      if (!wanted && !isCancelled) await new Promise<void>((resolve) => (wake = resolve))
      wanted = false
      if (!isCancelled) controller.enqueue(chunk.slice())
    },
    end: () => {
      if (!isCancelled) controller.close()
    },
    fail: (error) => {
      if (!isCancelled) controller.error(error)
    },
  }
}

function wrong(key: string, problem: string): TransferError {
  const text = `The store answered a read of ${key} wrongly: ${problem}. Check the endpoint.`
  return new TransferError('PROTOCOL', text, { retryable: true })
}
