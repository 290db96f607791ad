import { type Hotkey, hotkeyFromSeed } from '@sluice/hotkey'
import { crc32 } from 'node:zlib'
import { createSigner } from '@sluice/signing'
import { loadVerifier } from '@sluice/hotkey/wasm'
import { createGateway, type Gateway, type GatewayOptions } from '../src/gateway.ts'
import type { GatewayReply } from '../src/http/exchange.ts'
import type { Log } from '../src/log.ts'
import { type ChecksumType, createS3Store } from '../src/store/s3.ts'
import type { ObjectStore } from '../src/store/store.ts'
import { createSqliteState } from '../src/state/sqlite.ts'
import type { Standing, Subnet } from '../src/subnet.ts'
import { openPlace, type S3Place } from './s3-place.ts'

export const BASE = 'https://gateway.example.com'

export function hotkeyOf(seed: number): Hotkey {
  return hotkeyFromSeed(new Uint8Array(32).fill(seed))
}

/** In the cohort; another in it; excluded; outside it; a validator; a stranger to the subnet. */
export const miner: Hotkey = hotkeyOf(1)
export const other: Hotkey = hotkeyOf(2)
export const excluded: Hotkey = hotkeyOf(3)
export const outside: Hotkey = hotkeyOf(4)
export const validator: Hotkey = hotkeyOf(5)
export const stranger: Hotkey = hotkeyOf(6)

const standing = (uid: number, more: Partial<Standing> = {}): Standing => {
  return {
    uid,
    validatorPermit: false,
    stake: null,
    mayWrite: true,
    excluded: false,
    reason: 'slot 3 of 100 is below 5',
    ...more,
  }
}

export interface TestSubnet extends Subnet {
  standings: Map<string, Standing>
  stale: boolean
  known: boolean
}

export function testSubnet(): TestSubnet {
  const standings = new Map([
    [miner.address, standing(1)],
    [other.address, standing(2)],
    [excluded.address, standing(3, { mayWrite: false, excluded: true, reason: 'the owner excluded this hotkey' })],
    [outside.address, standing(4, { mayWrite: false, reason: 'slot 77 of 100 is not below 5' })],
    [validator.address, standing(5, { validatorPermit: true, mayWrite: false })],
  ])
  const self: TestSubnet = {
    standings,
    stale: false,
    known: true,
    current: () => (self.known ? { view: { block: 100, standings: self.standings }, stale: self.stale } : null),
    ageMs: () => 1000,
    close: async () => undefined,
  }
  return self
}

/** Keeps its lines, for tests that look for secrets. */
function testLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const add = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
  return { lines, info: add, warn: add, error: add }
}

export interface Reply extends GatewayReply {
  readonly json: Record<string, unknown> & { error?: { code: string; message: string; retry_after?: number } }
}

/** A client of the native API that talks to the app without a socket. */
interface Client {
  send(method: string, target: string, body?: unknown, more?: SendOptions): Promise<Reply>
}
interface SendOptions {
  readonly base?: string
  readonly raw?: Uint8Array
  readonly headers?: Record<string, string>
  readonly address?: string
}

function clientOf(gateway: Pick<Gateway, 'handle'>, hotkey: Hotkey, now: () => number = Date.now): Client {
  const signer = createSigner({ hotkey, now })
  return {
    send: async (method, target, body, { base = BASE, raw, headers = {}, address = '192.0.2.1' } = {}) => {
      const bytes = raw ?? (body === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(body)))
      const signed = await signer.authorize({ method, url: base + target, body: bytes })
      const host = new URL(base).host
      return read(
        await gateway.handle({ method, target, headers: { host, ...signed, ...headers }, body: bytes, address }),
      )
    },
  }
}

export function read(reply: GatewayReply): Reply {
  const isJson = reply.headers['content-type'] === 'application/json'
  return { ...reply, json: isJson ? (JSON.parse(reply.body) as Reply['json']) : {} }
}

export interface Scene extends AsyncDisposable {
  readonly gateway: Gateway
  readonly s3: S3Place
  readonly store: ObjectStore
  readonly subnet: TestSubnet
  readonly log: ReturnType<typeof testLog>
  as(hotkey: Hotkey): Client
  /** The code of a refusal, else the status. */
  codeOf(hotkey: Hotkey, method: string, target: string, body?: unknown): Promise<string | number>
}

/** A gateway over a new bucket. */
export async function openScene({
  s3Place,
  checksumType = 'full-object',
  ...options
}: Partial<GatewayOptions> & {
  s3Place?: Pick<S3Place, 'url' | 'region' | 'accessKeyId' | 'secretAccessKey'>
  checksumType?: ChecksumType
} = {}): Promise<Scene> {
  const s3 = await openPlace()
  const { url: endpoint, region, accessKeyId, secretAccessKey } = s3Place ?? s3
  const now = options.now ?? Date.now
  const store = createS3Store({
    bucket: s3.bucket,
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    checksumType,
    now,
  })
  const subnet = testSubnet()
  const state = options.state ?? createSqliteState(':memory:')
  const log = testLog()
  const verifySignature = await loadVerifier()
  const gateway = createGateway({
    publicUrls: [BASE],
    subnet,
    state,
    store,
    log,
    verifySignature,
    place: { bucket: s3.bucket, region },
    ...options,
  })
  return {
    gateway,
    s3,
    store,
    subnet,
    log,
    as: (hotkey) => clientOf(gateway, hotkey, now),
    codeOf: async (hotkey, method, target, body) => {
      const { status, json } = await clientOf(gateway, hotkey, now).send(method, target, body)
      return json.error?.code ?? status
    },
    [Symbol.asyncDispose]: async () => {
      await state.close()
      store.close()
      await s3.close()
    },
  }
}

/** Sends what a presigned reply says, exactly; `content-length` follows from the body. */
export async function put(
  signed: { url: string; headers: Record<string, string> },
  body: Uint8Array,
  more: Record<string, string> = {},
): Promise<Response> {
  const { 'content-length': _length, ...headers } = { ...signed.headers, ...more }
  return await fetch(signed.url, { method: 'PUT', headers, body })
}

export function crc32Base64(body: Uint8Array): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}

/** Bytes that are not all the same. */
export function content(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let value = seed
  for (let at = 0; at < length; at += 97) {
    value = (value * 1_103_515_245 + 12_345) & 0x7fffffff
    bytes[at] = value & 255
  }
  return bytes
}
