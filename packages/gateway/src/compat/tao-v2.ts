/** Data Universe's current API (X-Tao v2 in headers): uploads one file per request, lists and reads for validators. */
import { hotkeyPrefix } from '@sluice/hotkey'
import { verifyTao } from '@sluice/signing'
import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { jsonReply } from '../http/exchange.ts'
import { ownKey } from '../keys.ts'
import { canonical } from '../routes/object-routes.ts'
import type { AdapterParts, AdapterRoute } from './adapter.ts'
import { splitKeys } from './data-universe.ts'
import { readModel, refuseWithDetail } from './fast-api.ts'

const hotkey = z.string().min(46).max(50)
const uploadUrl = z.object({
  job_id: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
  filename: z.string().regex(/^data_\d{8}_\d{6}_\d{1,12}_[0-9a-f]{16}\.parquet$/),
})
// It comes from the store and goes into a URL; half a surrogate pair cannot be encoded.
const token = z
  .string()
  .max(2048)
  .regex(/^[\x21-\x7e]*$/)
const minerList = z.object({ miner_hotkey: hotkey, continuation_token: token.nullish() })
const fileUrls = z.object({
  miner_hotkey: hotkey,
  file_keys: z.array(z.string().max(1024)).min(1).max(500),
  expiry_hours: z.number().int().min(1).max(24).default(3),
})
/** What its client sends with a PUT; signed, so that stores which look at unsigned headers take it. */
const CONTENT_TYPE = 'application/octet-stream'

export function taoRoutes({ authenticator, admission, uploads, store, limits }: AdapterParts): readonly AdapterRoute[] {
  const seconds = limits.legacyUrlSeconds

  const route = <T extends z.ZodType>(
    name: string,
    summary: string,
    model: T,
    answer: (caller: string, body: z.infer<T>, now: number) => Promise<object>,
  ): AdapterRoute => ({
    method: 'POST',
    path: `/${name}`,
    bodyBytes: limits.completeBodyBytes,
    docs: { summary: `X-Tao v2: ${summary}`, signed: true, body: model },
    refuse: refuseWithDetail,
    claims: ({ request }) => request.headers['x-tao-version'] !== undefined,
    handle: async (exchange) => {
      const { request, now } = exchange
      const caller = await authenticator.accept(exchange, (verifySignature) => {
        return verifyTao(request, { now, verifySignature })
      })
      return jsonReply(await answer(caller, readModel(model, request.body), now))
    },
  })

  return [
    route('get-file-upload-url', 'a presigned PUT for a file of a job', uploadUrl, async (caller, body, now) => {
      const key = ownKey(caller, `job_id=${body.job_id}/${body.filename}`)
      admission.writer(caller)
      if ((await store.head(key)) !== null) throw new GatewayError('CONFLICT', 'This file exists already.')
      const { url } = await uploads.put(caller, { key, bytes: null, contentType: CONTENT_TYPE, seconds }, now)
      return { s3_key: key, url, fields: {}, expires_in_seconds: seconds, method: 'PUT' }
    }),

    route(
      'get-miner-list',
      'a URL for one page of a miner’s files, for validators',
      minerList,
      async (caller, body) => {
        admission.validator(caller)
        const token = body.continuation_token ?? ''
        const query = {
          'list-type': '2',
          prefix: hotkeyPrefix(canonical(body.miner_hotkey)),
          ...(token === '' ? {} : { 'continuation-token': token }),
        }
        return { list_url: (await store.presign({ method: 'GET', query, expiresSeconds: seconds })).url }
      },
    ),

    route('get-file-presigned-urls', 'URLs for files of one miner, for validators', fileUrls, async (caller, body) => {
      admission.validator(caller)
      const { valid } = splitKeys(canonical(body.miner_hotkey), body.file_keys)
      const expiresSeconds = Math.min(body.expiry_hours * 3600, seconds)
      const urls = valid.map(async (key) => {
        return [key, { presigned_url: (await store.presign({ method: 'GET', key, expiresSeconds })).url }] as const
      })
      return { file_urls: Object.fromEntries(await Promise.all(urls)) }
    }),
  ]
}
