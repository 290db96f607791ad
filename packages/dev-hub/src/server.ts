import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createFaultList } from '@sluice/dev-faults'
import { type HubUser, identify } from './accounts.ts'
import { type Exchange, sendRefusal } from './exchange.ts'
import type { HubFaultKind, HubFaults } from './faults.ts'
import { createLimiter, type HubLimits, rateLimitHeaders } from './limits.ts'
import { createLinks } from './links.ts'
import { HubRefusal } from './refusal.ts'
import { createRepositoryStore } from './repositories.ts'
import { route, type Routes } from './routes.ts'

export interface HubOptions {
  /** Where repositories are kept; survives a restart. Default: a temporary folder, removed by `close`. */
  readonly directory?: string
  /** Port of the API on 127.0.0.1; default: a free one. The second origin always takes a free one. */
  readonly port?: number
  /** Default: one user `miner` with the token `hf_miner`. */
  readonly users?: readonly HubUser[]
  readonly limits?: HubLimits
  /** Files up to this many bytes are kept in git itself unless their ending says LFS; default 10 MiB. */
  readonly regularBytes?: number
  /** Larger LFS files are uploaded in parts of this many bytes; default 64 MiB. */
  readonly partBytes?: number
  /** Entries per page of a tree; default 1000. */
  readonly pageSize?: number
  /** Sees every request as it arrives, on both origins. */
  readonly onRequest?: (request: HubRequest) => void
  readonly now?: () => number
}

export interface HubRequest {
  readonly origin: 'hub' | 'cdn'
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  readonly authorized: boolean
}

/** A running development hub. */
export interface DevHub {
  /** The API: what clients call `hubUrl` or `HF_ENDPOINT`. */
  readonly url: string
  /** The second origin, where LFS bytes go to and come from; on 127.0.0.2 where the system has it. */
  readonly cdnUrl: string
  readonly users: readonly HubUser[]
  readonly faults: HubFaults
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a HuggingFace hub on loopback: the routes that `@huggingface/hub` and Python's `huggingface_hub` use,
 * without Xet. Protocol: docs of the two clients and their source.
 */
export async function startHub(options: HubOptions = {}): Promise<DevHub> {
  const temporary = options.directory === undefined ? await mkdtemp(join(tmpdir(), 'sluice-hub-')) : null
  const users = options.users ?? [{ name: 'miner', token: 'hf_miner' }]
  const now = options.now ?? Date.now
  const { faults, pick } = createFaultList<HubFaultKind>(now)
  const limiter = createLimiter(options.limits ?? {}, now)
  const hub = createServer()
  const cdn = createServer()
  const close = async (): Promise<void> => {
    await Promise.all([stop(hub), stop(cdn)])
    if (temporary !== null) await rm(temporary, { recursive: true, force: true })
  }
  try {
    const hubUrl = await listen(hub, options.port ?? 0, '127.0.0.1')
    // Another address, not only another port: Python's client compares host names before it follows with its token.
    const cdnUrl = await listen(cdn, 0, '127.0.0.2').catch(() => listen(cdn, 0, '127.0.0.1'))
    const routes: Routes = {
      store: createRepositoryStore(options.directory ?? (temporary as string)),
      links: createLinks(now),
      limiter,
      hubUrl,
      cdnUrl,
      partBytes: options.partBytes ?? 64 << 20,
      regularBytes: options.regularBytes ?? 10 << 20,
      pageSize: options.pageSize ?? 1000,
      now,
    }
    const serve = (origin: 'hub' | 'cdn', base: string) => (request: IncomingMessage, response: ServerResponse) => {
      // A client that goes away in the middle is no failure of the hub.
      response.on('error', () => {})
      // Some targets are no URL ("//", "http://"); they lead to no route either.
      const url = URL.canParse(request.url ?? '/', base) ? new URL(request.url ?? '/', base) : new URL('/invalid', base)
      const { method = 'GET', headers } = request
      const authorized = headers.authorization !== undefined
      options.onRequest?.({ origin, method, path: url.pathname, range: headers.range, authorized })
      const fault = pick(method, url.pathname)
      if (fault === 'stall') return
      if (fault === 'reset') return reset(request)
      void answer(origin, { request, response, url }, fault, { routes, users })
    }
    hub.on('request', serve('hub', hubUrl))
    cdn.on('request', serve('cdn', cdnUrl))
    return { url: hubUrl, cdnUrl, users, faults, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

async function answer(
  origin: 'hub' | 'cdn',
  { request, response, url }: Pick<Exchange, 'request' | 'response' | 'url'>,
  fault: HubFaultKind | null,
  { routes, users }: { routes: Routes; users: readonly HubUser[] },
): Promise<void> {
  const slow = typeof fault === 'object' && fault !== null && 'slowMs' in fault ? fault.slowMs : 0
  const bare = {
    request,
    response,
    url,
    requestId: randomUUID(),
    user: null,
    loseReply: fault === 'lost-reply',
    chunkDelayMs: slow,
  }
  try {
    if (typeof fault === 'object' && fault !== null && 'status' in fault) throw refusalOf(fault)
    if (origin === 'cdn') {
      // Object storage refuses a token beside a signed link; a client must not carry it across origins.
      if (request.headers.authorization !== undefined) throw new HubRefusal(400, 'Only one auth mechanism allowed')
      return await route(origin, bare, routes)
    }
    const user = identify(users, request.headers.authorization)
    for (const [name, value] of Object.entries(routes.limiter.countCall(user?.name ?? '')))
      response.setHeader(name, value)
    await route(origin, { ...bare, user }, routes)
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy()
    else if (error instanceof HubRefusal) sendRefusal(bare, error)
    else sendRefusal(bare, new HubRefusal(500, `Internal Error: ${error instanceof Error ? error.message : 'unknown'}`))
  }
}

function refusalOf(fault: Extract<HubFaultKind, { status: number }>): HubRefusal {
  const headers: Record<string, string> = {}
  if (fault.status === 429) Object.assign(headers, rateLimitHeaders(0, fault.rateLimitResetSeconds ?? 0))
  if (fault.retryAfterSeconds !== undefined) headers['Retry-After'] = String(fault.retryAfterSeconds)
  return new HubRefusal(fault.status, `fault on demand: ${fault.status}`, {
    headers,
    ...(fault.code === undefined ? {} : { code: fault.code }),
  })
}

function reset(request: IncomingMessage): void {
  const drop = (): void => {
    request.socket.resetAndDestroy()
  }
  if (Number(request.headers['content-length'] ?? 0) > 0) request.once('data', drop)
  else drop()
}

async function listen(server: Server, port: number, host: string): Promise<string> {
  // A stalled or slow transfer is a test, not an attack.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return `http://${host}:${(server.address() as AddressInfo).port}`
}

async function stop(server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
