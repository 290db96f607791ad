import { hotkeyPrefix } from '@sluice/hotkey'
import * as api from '@sluice/gateway-api'
import type { Authenticator } from '../authenticate.ts'
import { GatewayError } from '../errors.ts'
import type { Route } from '../http/route.ts'
import { ownKey, relativeKey } from '../keys.ts'
import type { Limits } from '../limits.ts'
import { stateful } from '../state/stateful.ts'
import type { State } from '../state/state.ts'
import type { Uploads } from '../uploads.ts'
import { iso, nativeRoute } from './native.ts'

export interface UploadRouteOptions {
  readonly authenticator: Authenticator
  readonly uploads: Uploads
  readonly state: State
  readonly limits: Limits
}

/** Writing: single PUTs and multipart uploads. */
export function uploadRoutes({ authenticator, uploads, state, limits }: UploadRouteOptions): readonly Route[] {
  const single = nativeRoute(
    authenticator,
    { ...api.signPut, summary: 'A presigned PUT for one object of exactly these bytes.' },
    async ({ address, body, now }) => {
      const { bytes, content_type: contentType, metadata, checksum_crc32: crc32, sha256 } = body
      const key = ownKey(address, body.key)
      const contentEncoding = body.content_encoding
      const object = { key, bytes, contentType, contentEncoding, metadata, crc32, sha256 }
      const request = await uploads.put(address, object, now)
      const { url, headers, expiresAt } = request
      return { key: body.key, method: 'PUT' as const, url, headers, expires_at: iso(expiresAt) }
    },
  )

  const init = nativeRoute(
    authenticator,
    { ...api.openUpload, summary: 'Opens a multipart upload.' },
    async ({ address, body, now }) => {
      const { bytes, part_size: partSize, content_type: contentType, metadata, sha256, checksum } = body
      const key = ownKey(address, body.key)
      const contentEncoding = body.content_encoding
      const object = { key, bytes, partSize, checksum, contentType, contentEncoding, metadata, sha256 }
      const { uploadId, maxParts, expiresAt } = await uploads.open(address, object, now)
      return {
        upload_id: uploadId,
        key: body.key,
        part_size: partSize,
        max_parts: maxParts,
        expires_at: iso(expiresAt),
      }
    },
  )

  const partUrl = nativeRoute(
    authenticator,
    {
      ...api.signParts,
      summary: `Presigned PUTs for at most ${limits.urlsPerRequest} parts; ask when you are about to send them.`,
    },
    async ({ address, body, now }) => {
      if (body.parts.length > limits.urlsPerRequest) {
        throw new GatewayError('TOO_LARGE', `Ask for at most ${limits.urlsPerRequest} parts at once.`)
      }
      const session = await uploads.find(address, body.upload_id, ownKey(address, body.key))
      const parts = body.parts.map((part) => {
        return { partNumber: part.part_number, bytes: part.bytes, crc32: part.checksum_crc32 }
      })
      const signed = await uploads.sign(address, session, parts, now)
      return {
        parts: signed.map(({ partNumber, url, headers, expiresAt }) => {
          return { part_number: partNumber, url, headers, expires_at: iso(expiresAt) }
        }),
      }
    },
  )

  const listParts = nativeRoute(
    authenticator,
    { ...api.listParts, summary: 'Which parts the store has; `next` is the `after` of the next page.' },
    async ({ address, query }) => {
      const session = await uploads.find(address, query.upload_id, ownKey(address, query.key))
      const { parts, next } = await uploads.parts(session, query.after)
      return {
        parts: parts.map(({ partNumber, etag, bytes, crc32 }) => {
          return { part_number: partNumber, etag, bytes, checksum_crc32: crc32 }
        }),
        next,
      }
    },
  )

  const complete = nativeRoute(
    authenticator,
    {
      ...api.completeUpload,
      summary: 'Makes the object out of its parts. Repeating it gives the same answer.',
      bodyBytes: limits.completeBodyBytes,
    },
    async ({ address, body, now }) => {
      const session = await uploads.find(address, body.upload_id, ownKey(address, body.key))
      const parts = body.parts.map((part) => {
        return { partNumber: part.part_number, etag: part.etag, crc32: part.checksum_crc32 }
      })
      const { etag, bytes } = await uploads.complete(address, session, parts, body.checksum_crc32 ?? null, now)
      return { key: body.key, etag, bytes }
    },
  )

  const abort = nativeRoute(
    authenticator,
    { ...api.abortUpload, summary: 'Ends an upload and removes its parts.' },
    async ({ address, query }) => {
      await uploads.abort(await uploads.find(address, query.upload_id, ownKey(address, query.key)))
      return undefined
    },
  )

  const list = nativeRoute(
    authenticator,
    { ...api.listUploads, summary: 'The open uploads of the signer.' },
    async ({ address, query }) => {
      const open = await stateful(state.openOf(address))
      const mine = open.filter(({ key }) => key.startsWith(hotkeyPrefix(address) + query.prefix))
      return {
        uploads: mine.map(({ uploadId, key, openedAt }) => {
          return { upload_id: uploadId, key: relativeKey(address, key), initiated_at: iso(openedAt) }
        }),
      }
    },
  )

  return [single, init, partUrl, listParts, complete, abort, list]
}
