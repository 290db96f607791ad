import type { FormInput, PresignedRequest, PresignInput } from '@sluice/presign'

interface NewUpload {
  readonly key: string
  readonly contentType?: string | undefined
  readonly contentEncoding?: string | undefined
  readonly metadata: Readonly<Record<string, string>>
  /** Every part must carry what is declared here, and nothing is checked that is not. */
  readonly checksum: 'crc32' | 'none'
}

export interface StoredPart {
  readonly partNumber: number
  readonly etag: string
  readonly bytes: number
  readonly crc32: string | null
}

export interface NamedPart {
  readonly partNumber: number
  readonly etag: string
  readonly crc32?: string | undefined
}

export interface StoredObject {
  readonly bytes: number
  readonly etag: string
  readonly metadata: Readonly<Record<string, string>>
  readonly contentEncoding: string | null
  readonly crc32: string | null
}

export interface ListedObject {
  readonly key: string
  readonly bytes: number
  readonly etag: string
}

/**
 * The bucket: URLs for clients, and the few calls that the gateway makes itself. Absence is null. Calls throw GatewayError
 * STORE_UNAVAILABLE, and where the upload is gone or does not fit NO_SUCH_UPLOAD, CONFLICT, BAD_REQUEST.
 */
export interface ObjectStore {
  presign(input: PresignInput): Promise<PresignedRequest>
  presignForm(input: FormInput): Promise<{ url: string; fields: Record<string, string> }>
  create(upload: NewUpload): Promise<string>
  /** One page of parts after a number. */
  parts(key: string, uploadId: string, after: number): Promise<{ parts: readonly StoredPart[]; next: number | null }>
  complete(
    key: string,
    uploadId: string,
    parts: readonly NamedPart[],
    crc32: string | null,
    bytes: number | null,
  ): Promise<{ etag: string }>
  /** Once; an upload that is gone already is fine. */
  abort(key: string, uploadId: string): Promise<void>
  head(key: string): Promise<StoredObject | null>
  /** One page after a key: whole, or an error. */
  list(prefix: string, after: string): Promise<{ objects: readonly ListedObject[]; next: string | null }>
  /** Folders directly below a prefix that ends in part of a name, from so many pages of 1,000 names (objects count too). */
  folders(prefix: string, pages: number): Promise<readonly string[]>
  delete(keys: readonly string[]): Promise<void>
  /** One page of open uploads below a prefix, after a mark that an earlier page gave. */
  uploads(
    prefix: string,
    after: UploadMark | null,
  ): Promise<{ uploads: readonly OpenUpload[]; next: UploadMark | null }>
  close(): void
}

export interface UploadMark {
  readonly key: string
  readonly uploadId: string
}

export interface OpenUpload extends UploadMark {
  /** Milliseconds since 1970. */
  readonly initiatedAt: number
}
