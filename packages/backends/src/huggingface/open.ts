import type { ByteRange, OpenedObject } from '../port/storage-backend.ts'
import { throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { expectBytes } from '../directory/files.ts'
import { hubError, networkError } from './errors.ts'
import type { HubRepository } from './repository.ts'
import { checkRange, pastEnd } from '../port/range.ts'
import { streamOf } from '../port/stream.ts'

/** How long a resolved link is used again for ranges of the same file, milliseconds. */
const linkLifetimeMs = 60_000
const linksKept = 10_000
const hops = 3

/** Where a file's bytes are, by key. */
export type ResolvedLinks = Map<string, { readonly url: string; readonly until: number }>

/**
 * Opens a file at `main`. Files in LFS are redirected to a storage of another origin: the link is used again for
 * further ranges, since the hub counts every resolution, and the token is never sent there.
 */
export async function openFile(
  repository: HubRepository,
  links: ResolvedLinks,
  key: string,
  range?: ByteRange,
  signal?: AbortSignal,
): Promise<OpenedObject | null> {
  if (range !== undefined) checkRange(key, range)
  throwIfAborted(signal)
  const leaving = new AbortController()
  const combined = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
  try {
    const { response, linkedBytes } = await request(repository, links, key, range, combined)
    if (response.status === 404) {
      leaving.abort()
      return null
    }
    if (response.status === 416) throw pastEnd(key, range as ByteRange, null)
    const { bytes, expected } = extent(response, linkedBytes, key, range)
    const chunks = expectBytes(key, expected, bodyOf(response, key, signal))
    return { key, bytes, body: streamOf(chunks, () => leaving.abort()) }
  } catch (error) {
    leaving.abort()
    throw hubError(`read ${key} of ${repository.id}`, error, signal)
  }
}

async function request(
  repository: HubRepository,
  links: ResolvedLinks,
  key: string,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<{ response: Response; linkedBytes: string | null }> {
  const now = repository.options.now ?? Date.now
  const fetch = repository.fetch(signal)
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' }
  if (range !== undefined) headers['Range'] = `bytes=${range.start}-${range.end}`
  const known = range === undefined ? undefined : links.get(key)
  if (known !== undefined && known.until > now()) {
    try {
      return { response: await fetch(known.url, { headers, redirect: 'error' }), linkedBytes: null }
    } catch (error) {
      if (signal.aborted) throw error
      // The link may have expired early: ask the hub for another one.
    }
  }
  links.delete(key)
  const hub = new URL(repository.hubUrl)
  const path = key.split('/').map(encodeURIComponent).join('/')
  let url = new URL(`${repository.hubUrl}/datasets/${repository.id}/resolve/main/${path}`)
  let linkedBytes: string | null = null
  for (let hop = 0; hop <= hops; hop += 1) {
    const home = url.origin === hub.origin
    const token = home && repository.token !== undefined ? { Authorization: `Bearer ${repository.token}` } : {}
    const response = await fetch(url, { headers: { ...headers, ...token }, redirect: 'manual' })
    if (response.status < 300 || response.status >= 400) {
      if (!home && response.ok) remember(links, key, url.href, now() + linkLifetimeMs)
      return { response, linkedBytes }
    }
    linkedBytes = response.headers.get('X-Linked-Size') ?? linkedBytes
    await response.body?.cancel()
    url = new URL(response.headers.get('Location') ?? '', url)
    if (url.protocol !== 'https:' && url.protocol !== hub.protocol) break
  }
  throw new BackendError('PROTOCOL', `HuggingFace redirects ${key} too often or to an unsafe address.`, {
    retryable: true,
  })
}

function remember(links: ResolvedLinks, key: string, url: string, until: number): void {
  if (links.size >= linksKept) links.clear()
  links.set(key, { url, until })
}

/** Size of the object and number of bytes to come. @throws BackendError PROTOCOL */
function extent(
  response: Response,
  linkedBytes: string | null,
  key: string,
  range?: ByteRange,
): { bytes: number; expected: number } {
  // A compressing proxy on the way takes the length away; the hub had told it with the redirect.
  const length = response.headers.get('Content-Length') ?? linkedBytes
  const wrong = (problem: string): BackendError =>
    new BackendError('PROTOCOL', `HuggingFace answered a read of ${key} wrongly: ${problem}. Try again.`, {
      retryable: true,
    })
  if (range === undefined) {
    if (response.status !== 200 || length === null || !/^\d+$/.test(length)) throw wrong('no size came')
    return { bytes: Number(length), expected: Number(length) }
  }
  const [, start, end, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(response.headers.get('Content-Range') ?? '') ?? []
  if (response.status !== 206 || start === undefined) throw wrong('the range was ignored')
  const bytes = Number(size)
  if (Number(start) !== range.start || Number(end) !== Math.min(range.end, bytes - 1)) throw wrong('another range came')
  return { bytes, expected: Number(end) - Number(start) + 1 }
}

async function* bodyOf(response: Response, key: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
  if (response.body === null) return
  try {
    for await (const chunk of response.body) yield chunk
  } catch (error) {
    throw signal?.aborted ? hubError(`read ${key}`, error, signal) : networkError(`a read of ${key}`, error)
  }
}
