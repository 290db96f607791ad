import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFaultList } from '@sluice/dev-faults'
import { answer, type Answerer } from './http/answer.ts'
import type { S3FaultKind, S3Faults } from './faults.ts'
import { openStore } from './store/store.ts'

export interface S3ServerOptions {
  /** Where buckets live; kept at close. Without it a temporary folder that is removed at close. */
  readonly directory?: string
  /** 0 (default) takes a free one. */
  readonly port?: number
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** Told to clients; any region is accepted in a signature. Default `us-east-1`. */
  readonly region?: string
  /** Created at start, open to browsers of any origin with `ETag` exposed. */
  readonly buckets?: readonly string[]
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** A running S3 server on loopback. */
export interface DevS3 {
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly faults: S3Faults
  /** Ends open connections. Closing twice is harmless. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const BROWSER_RULE = {
  origins: ['*'],
  methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
  headers: ['*'],
  exposed: ['ETag'],
}

/**
 * Starts a strict S3 server over a directory. It listens on 127.0.0.1 only and speaks plain HTTP, path style.
 * @throws Error when the port is taken or the directory cannot be used
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<DevS3> {
  if (options.directory !== undefined) return await serve(options.directory, options, async () => undefined)
  const directory = await mkdtemp(join(tmpdir(), 'sluice-s3-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    return await serve(directory, options, remove)
  } catch (error) {
    await remove()
    throw error
  }
}

async function serve(directory: string, options: S3ServerOptions, atClose: () => Promise<void>): Promise<DevS3> {
  const now = options.now ?? Date.now
  const store = await openStore(directory)
  for (const bucket of options.buckets ?? []) {
    await store.create(bucket, { created: now(), cors: [{ ...BROWSER_RULE, maxAgeSeconds: null }] })
  }
  const credentials = {
    accessKeyId: options.accessKeyId ?? 'devnet-access-key',
    secretAccessKey: options.secretAccessKey ?? 'devnet-secret-key',
  }
  const region = options.region ?? 'us-east-1'
  const { faults, pick } = createFaultList<S3FaultKind>(now)
  const answerer: Answerer = { store, credentials, region, now, pick }
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    void answer(answerer, message, response)
  })
  // A test may hold a request for long on purpose; the client's deadlines are what is tested.
  server.requestTimeout = 0
  // Node's five seconds race with clients that keep connections for a minute.
  server.keepAliveTimeout = 75_000
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  let closing: Promise<void> | null = null
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await atClose()
    })())
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, region, ...credentials, faults, close, [Symbol.asyncDispose]: close }
}
