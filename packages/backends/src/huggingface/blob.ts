import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

import type { PutObject } from '../port/storage-backend.ts'
import { readContent } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { streamOf } from '../port/stream.ts'

/**
 * The content of an object as a Blob that is read only when asked, and checked against its SHA-256 whenever it is read
 * whole. `fs.openAsBlob` is no way: on Node 20 the size of a file above 4 GiB wraps around.
 */
export class ObjectBlob extends Blob {
  readonly #object: PutObject
  readonly #start: number
  readonly #end: number
  readonly #signal: AbortSignal | undefined
  readonly #onProblem: (error: BackendError) => void
  readonly #onChunk: (() => void) | undefined

  constructor(
    object: PutObject,
    options: {
      start?: number
      end?: number
      signal?: AbortSignal | undefined
      onProblem: (error: BackendError) => void
      onChunk?: (() => void) | undefined
    },
  ) {
    super([])
    this.#object = object
    this.#start = options.start ?? 0
    this.#end = options.end ?? object.bytes
    this.#signal = options.signal
    this.#onProblem = options.onProblem
    this.#onChunk = options.onChunk
    // Blob.size is an accessor, but declared as a property, so it cannot be overridden by an accessor.
    Object.defineProperty(this, 'size', { value: this.#end - this.#start })
  }

  override slice(start = 0, end: number = this.size): ObjectBlob {
    const from = Math.min(this.#start + start, this.#end)
    return this.#copy(from, Math.max(from, Math.min(this.#start + end, this.#end)), this.#onChunk)
  }

  /** The same content; `onChunk` is called for every piece that is read. */
  watched(onChunk: () => void): ObjectBlob {
    return this.#copy(this.#start, this.#end, onChunk)
  }

  override stream(): ReturnType<Blob['stream']> {
    return streamOf(this.#read()) as ReturnType<Blob['stream']>
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const content = new Uint8Array(this.size)
    let at = 0
    for await (const chunk of this.#read()) {
      content.set(chunk, at)
      at += chunk.length
    }
    return content.buffer
  }

  override async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer())
  }

  #copy(start: number, end: number, onChunk: (() => void) | undefined): ObjectBlob {
    return new ObjectBlob(this.#object, { start, end, onChunk, signal: this.#signal, onProblem: this.#onProblem })
  }

  async *#read(): AsyncGenerator<Uint8Array, void> {
    try {
      const whole = this.#start === 0 && this.#end === this.#object.bytes
      for await (const chunk of whole ? readContent(this.#object, this.#signal) : this.#readPart()) {
        this.#onChunk?.()
        yield chunk
      }
    } catch (error) {
      if (BackendError.is(error) && error.code !== 'ABORTED') this.#onProblem(error)
      throw error
    }
  }

  /** A part cannot be checked by itself: the hub checks the SHA-256 of the whole when the parts are joined. */
  async *#readPart(): AsyncGenerator<Uint8Array, void> {
    const { source } = this.#object
    if ('data' in source) {
      yield source.data.subarray(this.#start, this.#end)
      return
    }
    if (this.size === 0) return
    const file = createReadStream(source.path, { start: this.#start, end: this.#end - 1, highWaterMark: 256 * 1024 })
    let read = 0
    try {
      for await (const chunk of file as Readable & AsyncIterable<Buffer>) {
        read += chunk.length
        yield chunk
      }
    } catch (cause) {
      throw new BackendError('SOURCE_UNREADABLE', `Cannot read ${source.path}. Check the file and its rights.`, {
        retryable: false,
        cause,
      })
    }
    if (read !== this.size) {
      throw new BackendError('SOURCE_CHANGED', `${source.path} became shorter while it was sent. Export it again.`, {
        retryable: false,
      })
    }
  }
}
