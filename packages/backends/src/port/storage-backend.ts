import type { BackendError } from './errors.ts'

/** An object to be stored. The key is relative to the root the backend was created with. */
export interface PutObject {
  readonly key: string
  /** Size of the content in bytes. */
  readonly bytes: number
  /** SHA-256 of the content, lower-case hex. */
  readonly sha256: string
  /**
   * Where the content comes from: a file on disk or bytes in memory. It is read from the start on every attempt
   * and checked against `bytes` and `sha256`; content that differs is refused, never stored.
   */
  readonly source: { readonly path: string } | { readonly data: Uint8Array }
}

/** Proof that one object is stored and was verified there. */
export interface StoredCopy {
  readonly ok: true
  readonly key: string
  readonly bytes: number
  readonly sha256: string
  /** For people: `s3://bucket/key`, `hf://datasets/ns/name@commit/key`, a path. Never a presigned URL. */
  readonly location: string
}

/** One object of a batch that could not be stored; the others are not affected. */
export interface FailedPut {
  readonly ok: false
  readonly key: string
  readonly error: BackendError
}

/** What a backend knows of an object without reading it. */
export interface StoredObject {
  readonly key: string
  readonly bytes: number
  /** Lower-case hex when the backend can tell without reading the content, else null. */
  readonly sha256: string | null
}

/** A byte range, both ends included as in HTTP; `end` may lie past the end of the object. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** An object opened for reading. Not reading `body` to its end must be followed by `body.cancel()`. */
export interface OpenedObject {
  readonly key: string
  /** Size of the whole object, not of the range. */
  readonly bytes: number
  readonly body: ReadableStream<Uint8Array>
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

/**
 * A place for objects. Absence is a value (`null`), failure is a `BackendError`.
 * Every implementation passes the suite in `contract.ts`.
 */
export interface StorageBackend {
  /** `s3`, `huggingface`, `memory`, `directory`. */
  readonly name: string
  /**
   * Stores a batch; yields exactly one result per object, in any order, as each is known.
   * Storing the same key with the same sha256 again is a success without a second upload where the backend can tell.
   * An object is yielded as stored only after its size and SHA-256 were verified in the backend.
   */
  put(objects: readonly PutObject[], options?: CallOptions): AsyncIterable<StoredCopy | FailedPut>
  stat(key: string, options?: CallOptions): Promise<StoredObject | null>
  open(key: string, range?: ByteRange, options?: CallOptions): Promise<OpenedObject | null>
  /** All keys that start with `prefix`, in key order: complete or an error, never a part. */
  list(prefix: string, options?: CallOptions): AsyncIterable<StoredObject>
  /** Deleting an absent key is a success. */
  delete(keys: readonly string[], options?: CallOptions): Promise<void>
}
