import type {
  OpenUpload,
  ReadGrant,
  Session,
  SignedPart,
  SignedRequest,
  StoredObject,
  StoredPart,
} from '@sluice/transfer'
import type {
  DownloadReply,
  InitReply,
  OpenReply,
  PartsReply,
  PartUrlReply,
  Signed,
  StatReply,
  UrlReply,
} from '../schemas.ts'

// What the gateway answers, in the words of the transfer engine.

export const putOf = (reply: UrlReply): SignedRequest => ({ method: 'PUT', ...signedOf(reply) })

export const sessionOf = ({ upload_id, part_size, expires_at }: InitReply, key: string): Session => ({
  uploadId: upload_id,
  key,
  partSize: part_size,
  expiresAt: Date.parse(expires_at),
})

export const signedPartsOf = ({ parts }: PartUrlReply): readonly SignedPart[] =>
  parts.map(({ part_number, ...signed }) => ({ partNumber: part_number, method: 'PUT', ...signedOf(signed) }))

export const storedPartsOf = ({ parts }: PartsReply): readonly StoredPart[] =>
  parts.map(({ part_number, etag, bytes, checksum_crc32 }) => ({
    partNumber: part_number,
    etag: unquote(etag),
    bytes,
    crc32: checksum_crc32,
  }))

export const uploadsOf = ({ uploads }: OpenReply): readonly OpenUpload[] =>
  uploads.map(({ upload_id, key, initiated_at }) => ({
    uploadId: upload_id,
    key,
    initiatedAt: Date.parse(initiated_at),
  }))

export const objectOf = ({ bytes, etag, metadata, content_encoding, checksum_crc32 }: StatReply): StoredObject => ({
  bytes,
  etag: unquote(etag),
  metadata,
  contentEncoding: content_encoding,
  crc32: checksum_crc32,
})

export const grantOf = ({ bytes, etag, metadata, ...signed }: DownloadReply): ReadGrant => ({
  method: 'GET',
  ...signedOf(signed),
  bytes,
  etag: unquote(etag),
  metadata,
})

export const unquote = (etag: string): string => etag.replace(/^"|"$/g, '')

function signedOf({ url, headers, expires_at }: Signed): Omit<SignedRequest, 'method'> {
  return { url, headers, expiresAt: Date.parse(expires_at) }
}
