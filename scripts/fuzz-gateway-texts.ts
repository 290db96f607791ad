import type { GatewayRequest } from '../packages/gateway/src/http/exchange.ts'
import { hostileKey, type Random } from './fuzz/requests.ts'

/** A request whose one text, beside its key, is hostile: such texts end in presigned URLs and in headers. */
export function hostileText(
  random: Random,
  own: string,
  other: string,
): Pick<GatewayRequest, 'method' | 'target' | 'body'> {
  const text = hostileKey(random, own, other)
  // The simulated store names an upload after its key, and an upload is opened once.
  const key = `texts/${random(1e9)}`
  const payload = { key, content_type: text }
  const all: readonly (readonly [string, object])[] = [
    ['/get-miner-list', { miner_hotkey: own, continuation_token: text }],
    ['/actions', { processor_name: 's3_upload', action: 'generate_presigned_upload_url', payload }],
    ['/actions', { processor_name: 's3_upload', action: 'initiate_multipart_upload', payload }],
    ['/api/uploads/url', payload],
    ['/uploads/url', { key, bytes: 5, content_type: text, content_encoding: text }],
    ['/uploads/list', { prefix: '', after: text }],
    ['/reads/list', { hotkey: own, prefix: '', after: text }],
  ]
  const [target, body] = all[random(all.length)]!
  return { method: 'POST', target, body: new TextEncoder().encode(JSON.stringify(body)) }
}
