/**
 * IOTA's orchestrator (`/storage/…`, Epistula v2). Its clients choose a path; here it lies below the signer's prefix,
 * and the reply tells the whole key. All part URLs are handed out at once, as its clients expect.
 */
import { etag } from '@sluice/gateway-api'
import { verifyEpistula } from '@sluice/signing'
import { z } from 'zod'
import { jsonReply } from '../http/exchange.ts'
import type { Route } from '../http/route.ts'
import { adoptedKey } from '../keys.ts'
import type { AdapterParts, AdapterRoute } from './adapter.ts'
import { readModel, refuseWithDetail } from './fast-api.ts'

const whole = (min: number, max = Number.MAX_SAFE_INTEGER): z.ZodNumber => z.number().int().min(min).max(max)
const path = z.string().min(1).max(1024)
const uploadId = z.string().min(1).max(1024)
const expiry = { expires_in: whole(1, 604_800).default(3600) }
const presigned = z.object({ path, ...expiry })
const initiate = z.object({ path, file_size: whole(0), part_size: whole(1).default(104_857_600), ...expiry })
const part = z.object({ PartNumber: whole(1, 10_000), ETag: etag })
const complete = z.object({ path, upload_id: uploadId, parts: z.array(part).min(1).max(10_000) })
const abort = z.object({ path, upload_id: uploadId })

/** Its clients cannot ask for more URLs later, so they get all of them; the part size grows to keep them few. */
const MAX_URLS = 1000

/**
 * What is signed is the body written anew, so it is read before the signature is verified and must be no longer than it
 * has to be: 10,000 parts of some 65 bytes, or a path with every letter escaped.
 */
const LONG_BODY = 1024 * 1024
const SHORT_BODY = 16 * 1024

export function iotaRoutes({ authenticator, uploads, limits }: AdapterParts): readonly AdapterRoute[] {
  const route = <T extends z.ZodType>(
    method: Route['method'],
    name: string,
    summary: string,
    model: T,
    answer: (address: string, input: z.infer<T>, now: number) => Promise<{ message: string; data?: object }>,
  ): AdapterRoute => ({
    method,
    path: `/storage/${name}`,
    bodyBytes: name === 'multipart_upload/complete' ? LONG_BODY : SHORT_BODY,
    docs: { summary: `IOTA: ${summary}`, signed: true, body: model },
    refuse: refuseWithDetail,
    handle: async (exchange) => {
      const { request, now } = exchange
      const address = await authenticator.accept(exchange, (verifySignature) => {
        // The original hashes its own model with all defaults; only these can be missing in what is sent.
        return verifyEpistula(request, { now, verifySignature, defaults: defaultsOf(model) })
      })
      return jsonReply(await answer(address, readModel(model, request.body), now))
    },
  })
  const life = (seconds: number): number => Math.min(seconds, limits.legacyUrlSeconds)

  return [
    route('GET', 'presigned_url', 'a presigned PUT', presigned, async (address, input, now) => {
      const key = adoptedKey(address, input.path)
      const { url } = await uploads.put(address, { key, bytes: null, seconds: life(input.expires_in) }, now)
      return { message: 'Presigned URL generated successfully', data: { presigned_data: url } }
    }),

    route('POST', 'multipart_upload/initiate', 'one PUT or all part URLs', initiate, async (address, input, now) => {
      const key = adoptedKey(address, input.path)
      const { file_size: bytes } = input
      const seconds = life(input.expires_in)
      if (bytes <= limits.putBytes && bytes <= input.part_size) {
        const { url } = await uploads.put(address, { key, bytes, seconds }, now)
        return { message: 'Single-part upload URL generated', data: { use_multipart: false, presigned_data: url } }
      }
      const partSize = Math.max(input.part_size, limits.minPartBytes, Math.ceil(bytes / MAX_URLS))
      const session = await uploads.open(address, { key, bytes, partSize, checksum: 'none' }, now)
      const numbers = Array.from({ length: session.maxParts }, (_, index) => index + 1)
      const parts = numbers.map((partNumber) => {
        return { partNumber, bytes: Math.min(partSize, bytes - (partNumber - 1) * partSize) }
      })
      const signed = await uploads.sign(address, session, parts, now, seconds)
      return {
        message: 'Multipart upload initiated successfully',
        data: {
          use_multipart: true,
          multipart_data: {
            upload_id: session.uploadId,
            presigned_urls: signed.map(({ url }) => ({ url })),
            part_numbers: numbers,
          },
          part_size: partSize,
          total_parts: numbers.length,
        },
      }
    }),

    route('POST', 'multipart_upload/complete', 'makes the object', complete, async (address, input, now) => {
      const session = await uploads.find(address, input.upload_id, adoptedKey(address, input.path))
      const parts = input.parts.map(({ PartNumber, ETag }) => ({ partNumber: PartNumber, etag: ETag }))
      parts.sort((one, other) => one.partNumber - other.partNumber)
      // The original aborts when this fails; the upload is kept, so that the client may complete again.
      await uploads.complete(address, session, parts, null, now)
      return { message: 'Multipart upload completed successfully', data: { s3_path: session.key } }
    }),

    route('POST', 'multipart_upload/abort', 'ends an upload', abort, async (address, input) => {
      await uploads.abort(await uploads.find(address, input.upload_id, adoptedKey(address, input.path)))
      return { message: 'Multipart upload aborted successfully' }
    }),
  ]
}

/** The model's members that have a default. */
function defaultsOf(model: z.ZodType): Readonly<Record<string, unknown>> {
  if (model === presigned) return { expires_in: 3600 }
  return model === initiate ? { expires_in: 3600, part_size: 104_857_600 } : {}
}
