import { hotkeyPrefix } from '@sluice/hotkey'
/**
 * Data Universe's older API: legacy strings, signed in the body. The signature does not cover everything in the body, so
 * only what the hotkey may do anyway follows from it; see docs/gateway.md for what remains weak.
 */
import { legacyMessages, verifyLegacy } from '@sluice/signing'
import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { jsonReply } from '../http/exchange.ts'
import { ownKey } from '../keys.ts'
import { canonical } from '../routes/object-routes.ts'
import type { AdapterParts, AdapterRoute } from './adapter.ts'
import { commitmentFormats, folderStructure, structureInfo } from './data-universe-texts.ts'
import { listJobFolders } from './job-folders.ts'
import { pythonTime, readModel, refuseWithDetail } from './fast-api.ts'

const address = z.string().min(46).max(50)
const signed = {
  hotkey: address,
  timestamp: z.number().int(),
  signature: z.string().max(200),
  expiry: z.number().int().nullish(),
}
const folderAccess = z.object({ ...signed, coldkey: address })
const validatorAccess = z.object(signed)
const minerAccess = z.object({ ...signed, miner_hotkey: address })
const fileUrls = z.object({
  ...signed,
  miner_hotkey: address,
  file_keys: z.array(z.string().max(1024)).min(1).max(10_000),
  expiry_hours: z.number().int().min(1).max(24).default(1),
})
interface SignedBody {
  readonly hotkey: string
  readonly timestamp: number
  readonly signature: string
  readonly expiry?: number | null | undefined
}

export function dataUniverseRoutes(parts: AdapterParts): readonly AdapterRoute[] {
  const { authenticator, admission, store, limits, place } = parts
  const seconds = limits.legacyUrlSeconds

  const route = <Body extends SignedBody>(
    name: string,
    summary: string,
    model: z.ZodType<Body>,
    message: (body: Body) => string,
    answer: (caller: string, body: Body, now: number) => Promise<object>,
  ): AdapterRoute => ({
    method: 'POST',
    path: `/${name}`,
    bodyBytes: name === 'get-file-presigned-urls' ? limits.completeBodyBytes : limits.bodyBytes,
    docs: { summary: `Data Universe: ${summary}`, signed: true, body: model },
    refuse: (error) => ({ ...refuseWithDetail(error), status: originalStatus(error) }),
    claims: ({ request }) => request.headers['x-tao-version'] === undefined,
    handle: async (exchange) => {
      const body = readModel(model, exchange.request.body)
      const { hotkey, timestamp, signature, expiry } = body
      const caller = await authenticator.accept(exchange, (verifySignature) => {
        const request = { message: message(body), signature, hotkey, timestamp, expiry: expiry ?? undefined }
        return verifyLegacy(request, { now: exchange.now, verifySignature })
      })
      return jsonReply(await answer(caller, body, exchange.now))
    },
  })
  const listUrl = async (prefix: string, more: Record<string, string> = {}): Promise<string> => {
    const query = { 'list-type': '2', prefix, ...more }
    return (await store.presign({ method: 'GET', query, expiresSeconds: seconds })).url
  }
  const text = (name: string, value: () => object | Promise<object>): AdapterRoute => ({
    method: 'GET',
    path: `/${name}`,
    docs: { summary: `Data Universe: ${name}`, signed: false },
    handle: async () => jsonReply(await value()),
  })

  return [
    route(
      'get-folder-access',
      'a form for uploads below the signer’s prefix',
      folderAccess,
      ({ coldkey, hotkey, timestamp }) => legacyMessages.folderAccess(coldkey, hotkey, timestamp),
      async (caller, _body, now) => {
        admission.writer(caller)
        const folder = hotkeyPrefix(caller)
        const form = await store.presignForm({
          prefix: folder,
          minBytes: 1024,
          maxBytes: Math.min(limits.putBytes, limits.objectBytes),
          // Without the original's "acl": it says what is so anyway, and buckets without ACLs refuse it.
          fields: { 'x-amz-storage-class': 'STANDARD' },
          expiresSeconds: seconds,
        })
        return {
          folder,
          ...form,
          expiry: pythonTime(now + seconds * 1000),
          list_url: await listUrl(folder),
          structure_info: folderStructure,
        }
      },
    ),

    route(
      'get-validator-access',
      'URLs that list everything, for validators',
      validatorAccess,
      ({ timestamp }) => legacyMessages.validatorAccess(timestamp),
      async (caller, _body, now) => {
        admission.validator(caller)
        const all = 'data/hotkey='
        return {
          ...place,
          validator_hotkey: caller,
          expiry: pythonTime(now + seconds * 1000),
          expiry_seconds: seconds,
          urls: {
            global: { list_all_data: await listUrl(all) },
            miners: { list_all_miners: await listUrl(all, { delimiter: '/' }) },
          },
          structure_info: folderStructure,
        }
      },
    ),

    route(
      'get-miner-specific-access',
      'a URL that lists one miner, for validators',
      minerAccess,
      ({ miner_hotkey, timestamp }) => legacyMessages.minerAccess(miner_hotkey, timestamp),
      async (caller, body, now) => {
        admission.validator(caller)
        const miner = canonical(body.miner_hotkey)
        const prefix = hotkeyPrefix(miner)
        const expiry = pythonTime(now + seconds * 1000)
        return {
          ...place,
          miner_hotkey: miner,
          miner_url: await listUrl(prefix, { 'max-keys': '1000' }),
          prefix,
          expiry,
        }
      },
    ),

    route(
      'get-folder-presigned-urls',
      'URLs that list every job folder, for validators',
      validatorAccess,
      ({ hotkey, timestamp }) => legacyMessages.folderUrls(hotkey, timestamp),
      async (caller, body, now) => {
        admission.validator(caller)
        const folders: Record<string, object> = {}
        for (const { path, jobs } of await listJobFolders(store)) {
          folders[path.slice('data/hotkey='.length, -1)] = {
            miner_path: path,
            job_folders: await Promise.all(
              jobs.map(async (job) => {
                const id = job.slice(path.length + 'job_id='.length, -1)
                return { job_id: id, path: job, presigned_url: await listUrl(job) }
              }),
            ),
            total_jobs: jobs.length,
          }
        }
        return {
          validator_hotkey: caller,
          bucket: place.bucket,
          expiry_seconds: seconds,
          expiry_time: pythonTime(now + seconds * 1000),
          total_miners: Object.keys(folders).length,
          folder_urls: folders,
          commitment_used: legacyMessages.folderUrls(body.hotkey, body.timestamp),
          usage_info: folderStructure,
        }
      },
    ),

    route(
      'get-file-presigned-urls',
      'URLs for files of one miner, for validators',
      fileUrls,
      ({ miner_hotkey, hotkey, timestamp }) => legacyMessages.fileUrls(miner_hotkey, hotkey, timestamp),
      async (caller, body, now) => {
        admission.validator(caller)
        const miner = canonical(body.miner_hotkey)
        const life = Math.min(body.expiry_hours * 3600, seconds)
        const { valid, invalid } = splitKeys(miner, body.file_keys)
        if (valid.length === 0) throw new GatewayError('BAD_REQUEST', 'No valid files for specified miner')
        const urls = await Promise.all(
          valid.map(async (key) => {
            const { url } = await store.presign({ method: 'GET', key, expiresSeconds: life })
            const name = key.slice(key.lastIndexOf('/') + 1)
            return [key, { presigned_url: url, file_key: key, expires_in_seconds: life, file_name: name }] as const
          }),
        )
        return {
          validator_hotkey: caller,
          miner_hotkey: miner,
          bucket: place.bucket,
          expiry_hours: life / 3600,
          expiry_time: pythonTime(now + life * 1000),
          total_requested_files: body.file_keys.length,
          valid_files_count: valid.length,
          invalid_files_count: invalid.length,
          successful_urls: valid.length,
          failed_files: 0,
          file_urls: Object.fromEntries(urls),
          invalid_files: invalid,
          failed_files_details: [],
          commitment_used: legacyMessages.fileUrls(body.miner_hotkey, body.hotkey, body.timestamp),
          usage_info: folderStructure,
        }
      },
    ),

    text('healthcheck', () => ({
      status: 'ok',
      timestamp: Date.now() / 1000,
      ...place,
      folder_structure: folderStructure.folder_structure,
    })),
    text('commitment-formats', () => commitmentFormats),
    text('structure-info', () => structureInfo),
  ]
}

/** Whole keys below one hotkey's prefix, and the others. */
export function splitKeys(hotkey: string, keys: readonly string[]): { valid: string[]; invalid: string[] } {
  const prefix = hotkeyPrefix(hotkey)
  const isValid = (key: string): boolean => {
    try {
      return key.startsWith(prefix) && ownKey(hotkey, key.slice(prefix.length)) === key
    } catch {
      return false
    }
  }
  return { valid: keys.filter(isValid), invalid: keys.filter((key) => !isValid(key)) }
}

/** The original answers 400 for times and 401 for all that are no validators. */
function originalStatus({ code, status }: GatewayError): number {
  if (code === 'EXPIRED') return 400
  return code === 'NO_PERMIT' ? 401 : status
}
