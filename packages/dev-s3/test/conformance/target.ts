import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { type DevS3, startS3Server } from '../../src/server.ts'
import { encode, presignQuery, queryText, sha256, signHeaders, type Signing } from './signer.ts'

/** What the suite may change about one request. */
interface Call {
  readonly method?: string
  readonly bucket?: string | null
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  /** Signed. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent, not signed. */
  readonly unsigned?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** `x-amz-content-sha256`; the hash of the body when left out. */
  readonly payload?: string
  readonly signing?: Partial<Signing>
  /** Lifetime in seconds: signs in the query instead of the header. */
  readonly presign?: number
  /** Changes target and headers after signing. */
  readonly tamper?: (target: string) => string
  /** Builds the body once the signature is known. */
  readonly chunked?: (signature: string, signing: Signing) => Uint8Array
  readonly anonymous?: boolean
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly text: string
  /** `<Code>` of an error document, else ''. */
  readonly code: string
}

export interface Target {
  /** True for the devnet's server, false for the referee (radosgw). */
  readonly isDevnet: boolean
  readonly url: string
  readonly bucket: string
  readonly signing: Signing
  readonly sdk: S3Client
  send(call: Call): Promise<Answer>
}

/**
 * The server under test: SLUICE_TEST_S3_ENDPOINT with its keys when set, else the devnet's own.
 * Registers its own hooks; read `.current` inside tests only.
 */
export function useTarget(): { readonly current: Target } {
  const holder: { current: Target } = { current: undefined as unknown as Target }
  let own: DevS3 | null = null
  beforeAll(async () => {
    const outside = outsideTarget()
    const server = outside ?? (own = await startS3Server())
    const { url, accessKeyId, secretAccessKey } = server
    holder.current = createTarget(url, { accessKeyId, secretAccessKey }, outside === null)
    const created = await holder.current.send({ method: 'PUT' })
    if (created.status !== 200) throw new Error(`The test bucket cannot be created: ${created.text}`)
  })
  afterAll(async () => {
    holder.current.sdk.destroy()
    await own?.close()
  })
  return holder
}

function outsideTarget(): { url: string; accessKeyId: string; secretAccessKey: string } | null {
  const url = process.env['SLUICE_TEST_S3_ENDPOINT']
  if (url === undefined || url === '') return null
  const accessKeyId = process.env['SLUICE_TEST_S3_ACCESS_KEY']
  const secretAccessKey = process.env['SLUICE_TEST_S3_SECRET_KEY']
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new Error('Set SLUICE_TEST_S3_ACCESS_KEY and SLUICE_TEST_S3_SECRET_KEY beside SLUICE_TEST_S3_ENDPOINT.')
  }
  return { url: url.replace(/\/$/, ''), accessKeyId, secretAccessKey }
}

function createTarget(url: string, keys: { accessKeyId: string; secretAccessKey: string }, isDevnet: boolean): Target {
  const bucket = `suite-${randomUUID()}`
  const signing = (): Signing => ({ ...keys, region: 'us-east-1', date: new Date() })
  const sdk = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials: keys })
  const send = (call: Call): Promise<Answer> => sendCall(url, bucket, { ...signing(), ...call.signing }, call)
  return {
    isDevnet,
    url,
    bucket,
    sdk,
    send,
    get signing() {
      return signing()
    },
  }
}

async function sendCall(url: string, defaultBucket: string, signing: Signing, call: Call): Promise<Answer> {
  const method = call.method ?? 'GET'
  const bucket = call.bucket === undefined ? defaultBucket : call.bucket
  const path =
    bucket === null ? '/' : `/${bucket}${call.key === undefined ? '' : `/${call.key.split('/').map(encode).join('/')}`}`
  const query = call.query ?? {}
  const signed = { host: new URL(url).host, ...call.headers }
  const payload = call.payload ?? sha256(call.body ?? '')
  let headers: Record<string, string> = { ...signed }
  let target = path + (queryText(query) === '' ? '' : `?${queryText(query)}`)
  let { body } = call
  if (call.presign !== undefined) {
    const full = presignQuery(
      { method, path, query, headers: signed, payload: 'UNSIGNED-PAYLOAD' },
      signing,
      call.presign,
    )
    target = `${path}?${queryText(full)}`
  } else if (call.anonymous !== true) {
    const result = signHeaders({ method, path, query, headers: signed, payload }, signing)
    headers = result.headers
    body = call.chunked?.(result.signature, signing) ?? body
  }
  return exchange(url, method, call.tamper?.(target) ?? target, { ...headers, ...call.unsigned }, body)
}

/** One plain HTTP exchange on a connection of its own. */
export function exchange(
  url: string,
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { hostname, port, method, path: target, headers: { ...length, ...headers }, agent: false },
      (reply) => {
        const pieces: Buffer[] = []
        reply.on('data', (piece: Buffer) => pieces.push(piece))
        reply.on('error', reject)
        reply.on('end', () => {
          const bytes = Buffer.concat(pieces)
          const text = bytes.toString('utf8')
          const code = /<Error>.*?<Code>([^<]*)<\/Code>/s.exec(text)?.[1] ?? ''
          const flat = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]))
          resolve({ status: reply.statusCode ?? 0, headers: flat, body: bytes, text, code })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The text of the first element of that name, '' when absent. */
export function element(answer: Answer, name: string): string {
  return elements(answer, name)[0] ?? ''
}

export function elements(answer: Answer, name: string): string[] {
  const found = answer.text.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))
  return [...found].map((match) =>
    (match[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#34;', '"').replaceAll('&amp;', '&'),
  )
}
