/**
 * Knowlio's shapes: its Lambda's action payloads at `POST /actions`, and the routes that its browser sample calls below
 * `/api/uploads/`. The original had no authentication at all; here each request is signed as the native ones are.
 */
import { etag, headerText } from '@sluice/gateway-api'
import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { emptyReply, jsonReply } from '../http/exchange.ts'
import type { Route } from '../http/route.ts'
import { ownKey, relativeKey } from '../keys.ts'
import { limitsOf } from '../part-limits.ts'
import { nativeRoute } from '../routes/native.ts'
import type { AdapterParts, AdapterRoute } from './adapter.ts'
import { readModel } from './fast-api.ts'

const key = z.string().min(1).max(1024)
const name = { key, upload_id: z.string().min(1).max(1024) }
const partNumber = z.number().int().min(1).max(10_000)
const single = z.object({ key, content_type: headerText.min(1).optional() })
const partUrl = z.object({ ...name, part_number: partNumber })
const part = z.object({ PartNumber: partNumber, ETag: etag })
const complete = z.object({ ...name, parts: z.array(part).min(1).max(10_000) })
const named = z.object(name)
const download = z.object({ key })
// A query holds texts only, and the action's payload may say the number as one too.
const listParts = z.object({ ...name, after: z.coerce.number().int().min(0).max(10_000).default(0) })
const partsReply = z.object({
  ...name,
  parts: z.array(part.extend({ Size: z.number().int().min(0) })),
  next: partNumber.nullable(),
})
const downloadReply = z.object({ url: z.url(), key })
const envelope = z.object({ processor_name: z.literal('s3_upload'), action: z.string().max(64), payload: z.unknown() })

interface Action {
  readonly model: z.ZodType
  readonly answer: (address: string, payload: never, now: number) => Promise<object | null>
}
const action = <T extends z.ZodType>(
  model: T,
  answer: (address: string, payload: z.infer<T>, now: number) => Promise<object | null>,
): Action => ({ model, answer })

export function knowlioRoutes({ authenticator, uploads, store, limits }: AdapterParts): readonly AdapterRoute[] {
  const actions: ReadonlyMap<string, Action> = new Map([
    [
      'generate_presigned_upload_url',
      action(single, async (address, payload, now) => {
        const object = { key: ownKey(address, payload.key), bytes: null, contentType: payload.content_type }
        return { url: (await uploads.put(address, object, now)).url, key: payload.key }
      }),
    ],
    [
      'initiate_multipart_upload',
      action(single, async (address, payload, now) => {
        // Its clients say neither size nor part size: as many parts as may be, whatever each takes of the largest object.
        const { objectBytes } = limitsOf(null, limits)
        const partSize = Math.max(limits.minPartBytes, Math.floor(objectBytes / limits.maxParts))
        const object = { key: ownKey(address, payload.key), contentType: payload.content_type }
        const open = { ...object, bytes: null, partSize, checksum: 'none' } as const
        return { upload_id: (await uploads.open(address, open, now)).uploadId, key: payload.key }
      }),
    ],
    [
      'generate_presigned_part_upload_url',
      action(partUrl, async (address, payload, now) => {
        const session = await uploads.find(address, payload.upload_id, ownKey(address, payload.key))
        const [signed] = await uploads.sign(address, session, [{ partNumber: payload.part_number, bytes: null }], now)
        return { url: signed?.url, part_number: payload.part_number }
      }),
    ],
    [
      'list_parts',
      action(listParts, async (address, payload) => {
        const session = await uploads.find(address, payload.upload_id, ownKey(address, payload.key))
        const { parts, next } = await uploads.parts(session, payload.after)
        const listed = parts.map(({ partNumber, etag, bytes }) => ({ PartNumber: partNumber, ETag: etag, Size: bytes }))
        return { key: payload.key, upload_id: payload.upload_id, parts: listed, next }
      }),
    ],
    [
      'generate_presigned_download_url',
      action(download, async (address, payload) => {
        const key = ownKey(address, payload.key)
        if ((await store.head(key)) === null) throw new GatewayError('NO_SUCH_KEY', 'There is no such object.')
        const { url } = await store.presign({ method: 'GET', key, expiresSeconds: limits.urlSeconds })
        return { url, key: payload.key }
      }),
    ],
    [
      'complete_multipart_upload',
      action(complete, async (address, payload, now) => {
        const session = await uploads.find(address, payload.upload_id, ownKey(address, payload.key))
        const parts = payload.parts.map(({ PartNumber, ETag }) => ({ partNumber: PartNumber, etag: ETag }))
        const { etag } = await uploads.complete(address, session, parts, null, now)
        return { key: relativeKey(address, session.key), etag }
      }),
    ],
    [
      'abort_multipart_upload',
      action(named, async (address, payload) => {
        await uploads.abort(await uploads.find(address, payload.upload_id, ownKey(address, payload.key)))
        return null
      }),
    ],
  ])
  const run = async (name: string, address: string, payload: unknown, now: number): Promise<object | null> => {
    const found = actions.get(name)
    if (found === undefined) throw new GatewayError('BAD_REQUEST', 'There is no such action.')
    return await found.answer(address, payload as never, now)
  }
  const direct = (method: Route['method'], path: string, actionName: string): AdapterRoute => ({
    method,
    path: `/api/uploads/${path}`,
    bodyBytes: limits.completeBodyBytes,
    docs: { summary: `Knowlio: ${actionName}`, signed: true },
    handle: async (exchange) => {
      const address = await authenticator.native(exchange)
      const { model } = actions.get(actionName) as Action
      const reply = await run(actionName, address, readModel(model, exchange.request.body), exchange.now)
      return reply === null ? emptyReply : jsonReply(reply)
    },
  })

  return [
    {
      method: 'POST',
      path: '/actions',
      bodyBytes: limits.completeBodyBytes,
      docs: { summary: 'Knowlio: a Lambda action', signed: true, body: envelope },
      handle: async (exchange) => {
        const address = await authenticator.native(exchange)
        const { action, payload } = readModel(envelope, exchange.request.body)
        const model = actions.get(action)?.model ?? z.unknown()
        const parsed = model.safeParse(payload)
        if (!parsed.success) throw new GatewayError('BAD_REQUEST', 'The payload does not fit the action.')
        return jsonReply((await run(action, address, parsed.data, exchange.now)) ?? {})
      },
    },
    nativeRoute(
      authenticator,
      {
        method: 'GET',
        path: '/api/uploads/multipart/parts',
        summary: 'Knowlio: list_parts',
        query: listParts,
        reply: partsReply,
      },
      async ({ address, query, now }) => (await run('list_parts', address, query, now)) ?? undefined,
    ),
    nativeRoute(
      authenticator,
      {
        method: 'GET',
        path: '/api/uploads/download/*',
        summary: 'Knowlio: generate_presigned_download_url',
        reply: downloadReply,
      },
      async ({ address, rest, now }) =>
        (await run('generate_presigned_download_url', address, { key: rest }, now)) ?? undefined,
    ),
    direct('POST', 'url', 'generate_presigned_upload_url'),
    direct('POST', 'multipart/init', 'initiate_multipart_upload'),
    direct('POST', 'multipart/part-url', 'generate_presigned_part_upload_url'),
    direct('POST', 'multipart/complete', 'complete_multipart_upload'),
    direct('DELETE', 'multipart/abort', 'abort_multipart_upload'),
  ]
}
