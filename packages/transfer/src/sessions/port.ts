/** `none` sends no checksum at all, for like-for-like measurements and stores that refuse them. */
export type ChecksumMode = 'crc32' | 'none'

/** A request that anybody may send as it is until it expires. */
export interface SignedRequest {
  readonly method: 'PUT' | 'GET'
  /** Holds a signature: never in a log or message. */
  readonly url: string
  /** To be sent exactly, and no other `content-type` or `x-amz-*` beside them. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface SignedPart extends SignedRequest {
  /** 1 to 10,000. */
  readonly partNumber: number
}

/** What an object is stored with; fixed when the upload starts. */
export interface ObjectHead {
  readonly key: string
  readonly contentType?: string | undefined
  /** `gzip` or `zstd` when the bytes sent are compressed. */
  readonly contentEncoding?: string | undefined
  /** User metadata; names in lower case without `x-amz-meta-`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** Hex SHA-256 of the plain bytes; kept as metadata `sha256`. */
  readonly sha256?: string | undefined
}

export interface SingleRequest extends ObjectHead {
  readonly bytes: number
  /** CRC-32 of the bytes sent, base64 of 4 bytes big-endian; the store verifies it. */
  readonly crc32?: string | undefined
}

export interface OpenRequest extends ObjectHead {
  /** Null = unknown, or compressed on the way. */
  readonly bytes: number | null
  readonly partSize: number
  readonly checksum: ChecksumMode
}

/** One multipart upload on the server. */
export interface Session {
  readonly uploadId: string
  readonly key: string
  /** The server's word on the size of all parts but the last. */
  readonly partSize: number
  /** When the server gives the upload up, milliseconds since 1970; null = not before it is aborted. */
  readonly expiresAt: number | null
}

export type SessionRef = Pick<Session, 'uploadId' | 'key'>

export interface PartToSign {
  readonly partNumber: number
  readonly bytes: number
  readonly crc32?: string | undefined
}

/** A part as the server holds it. */
export interface StoredPart {
  readonly partNumber: number
  /** Without quotation marks. */
  readonly etag: string
  readonly bytes: number
  /** base64, null when the server keeps none. */
  readonly crc32: string | null
}

export interface CompletedPart {
  readonly partNumber: number
  readonly etag: string
  readonly crc32?: string | undefined
}

export interface CompleteOptions {
  /** CRC-32 of the whole object, base64; only with checksum `crc32`. */
  readonly crc32?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface StoredObject {
  readonly bytes: number
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
  readonly contentEncoding: string | null
  /** base64, with `-N` behind it when it is a checksum of checksums; null when the server keeps none. */
  readonly crc32: string | null
}

export interface ReadGrant extends SignedRequest {
  readonly bytes: number
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
}

/** An upload that was started and neither completed nor aborted. */
export interface OpenUpload {
  readonly uploadId: string
  readonly key: string
  /** Milliseconds since 1970. */
  readonly initiatedAt: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Who may write where: starts uploads, signs the requests that carry the bytes, and ends uploads. The bytes themselves
 * never pass through it. Every method tries once, has no deadline of its own, and throws TransferError; absence is null.
 */
export interface UploadSessions {
  /** Names the place, the same in every process, without secrets; a journal never continues in another place. */
  readonly destination: string
  /** One PUT of the whole object. Whoever holds the keys may answer at once. */
  single(request: SingleRequest, options?: CallOptions): SignedRequest | Promise<SignedRequest>
  open(request: OpenRequest, options?: CallOptions): Promise<Session>
  /** At most 100 parts. The result is in the order asked for. */
  sign(session: SessionRef, parts: readonly PartToSign[], options?: CallOptions): Promise<readonly SignedPart[]>
  /** All pages. @throws TransferError `NO_SUCH_UPLOAD` */
  parts(session: SessionRef, options?: CallOptions): Promise<readonly StoredPart[]>
  /** @throws TransferError `INVALID_PART`, `NO_SUCH_UPLOAD`; a 200 with an error inside counts as that error */
  complete(
    session: SessionRef,
    parts: readonly CompletedPart[],
    options?: CompleteOptions,
  ): Promise<{ readonly etag: string }>
  /** Done when the server holds no part any more; an upload that is gone already counts as done. */
  abort(session: SessionRef, options?: CallOptions): Promise<void>
  /** Open uploads below the prefix, all pages. */
  uploads(prefix?: string, options?: CallOptions): Promise<readonly OpenUpload[]>
  stat(key: string, options?: CallOptions): Promise<StoredObject | null>
  /** A GET of the object; ranges may be asked with it. Null when there is none. */
  read(key: string, options?: CallOptions): Promise<ReadGrant | null>
}

export interface ListedObject {
  readonly key: string
  readonly bytes: number
}

/** Sessions that reach every object of their place, and not only uploads. */
export interface BucketSessions extends UploadSessions {
  /** A GET to be sent soon, without looking whether there is such an object; null when it is known that there is none. */
  signGet(key: string, options?: CallOptions): SignedRequest | null | Promise<SignedRequest | null>
  /** Pages of all objects below the prefix, in the order of their keys' bytes: complete or an error. */
  list(prefix: string, options?: CallOptions): AsyncGenerator<readonly ListedObject[], void>
  /** At most 1000; what is not there counts as deleted. */
  delete(keys: readonly string[], options?: CallOptions): Promise<void>
}
