import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'

import { bodyOf, type Exchange, readJson, send, sendJson } from './exchange.ts'
import type { Links } from './links.ts'
import { HubRefusal } from './refusal.ts'
import type { Repository } from './repositories.ts'

const oidShape = z.string().regex(/^[0-9a-f]{64}$/)
const sizeShape = z.int().nonnegative()
const batchShape = z.object({
  operation: z.enum(['upload', 'download']),
  transfers: z.array(z.string()).optional(),
  hash_algo: z.string().optional(),
  objects: z.array(z.object({ oid: oidShape, size: sizeShape })).max(1000),
})
const completeShape = z.object({
  oid: oidShape,
  parts: z.array(z.object({ partNumber: z.int().positive(), etag: z.string().min(1) })).min(1),
})

export interface LfsOptions {
  readonly links: Links
  readonly hubUrl: string
  readonly cdnUrl: string
  /** Files larger than this many bytes are sent in parts of that size, as far as the client knows `multipart`. */
  readonly partBytes: number
}

/** Where an LFS object of the repository lies on disk. */
export function lfsPath(repository: Repository, oid: string): string {
  return join(repository.directory, 'lfs', oid)
}

/** `POST /{repo}.git/info/lfs/objects/batch`; no `actions` means: already stored here. */
export async function batch(exchange: Exchange, repository: Repository, options: LfsOptions): Promise<void> {
  const request = await readJson(exchange, batchShape)
  const algorithm = (request.hash_algo ?? 'sha256').replace('_', '')
  if (algorithm !== 'sha256') throw new HubRefusal(422, `unsupported hash_algo ${algorithm}`)
  if (request.operation !== 'upload') throw new HubRefusal(422, 'only uploads: download through resolve')
  const mayPart = request.transfers?.includes('multipart') ?? false
  const objects = []
  let parted = false
  for (const { oid, size } of request.objects) {
    if ((await sizeOf(lfsPath(repository, oid))) === size) {
      objects.push({ oid, size })
      continue
    }
    const inParts = mayPart && size > options.partBytes
    parted ||= inParts
    objects.push({ oid, size, authenticated: true, actions: actions(repository, oid, size, inParts, options) })
  }
  const headers = { 'Content-Type': 'application/vnd.git-lfs+json' }
  sendJson(exchange, { transfer: parted ? 'multipart' : 'basic', objects }, 200, headers)
}

function actions(repository: Repository, oid: string, size: number, inParts: boolean, options: LfsOptions): object {
  const { links, hubUrl, cdnUrl, partBytes } = options
  const target = `${repository.kind}/${repository.id}/${oid}`
  const prefix = repository.kind === 'models' ? '' : `${repository.kind}/`
  const verify = { href: `${hubUrl}/${prefix}${repository.id}.git/info/lfs/objects/verify` }
  if (!inParts) {
    return { upload: { href: links.sign(cdnUrl, 'PUT', `/lfs/${target}`, { size: String(size) }) }, verify }
  }
  const upload = randomUUID()
  const header: Record<string, string> = { chunk_size: String(partBytes) }
  for (let part = 1; part <= Math.ceil(size / partBytes); part += 1) {
    const bytes = Math.min(partBytes, size - (part - 1) * partBytes)
    const query = { size: String(bytes) }
    header[String(part).padStart(5, '0')] = links.sign(cdnUrl, 'PUT', `/part/${target}/${upload}/${part}`, query)
  }
  const href = links.sign(hubUrl, 'POST', `/api/complete_multipart/${target}/${upload}`, { size: String(size) })
  return { upload: { href, header }, verify }
}

/** `PUT` of a whole object: stored only when size and SHA-256 are what the batch announced. */
export async function putObject(exchange: Exchange, repository: Repository, oid: string): Promise<void> {
  const path = lfsPath(repository, oid)
  const incoming = `${path}.${randomUUID()}`
  try {
    const written = await write(exchange, incoming)
    if (written.sha256 !== oid) throw new HubRefusal(400, 'BadDigest: the content does not have the announced SHA-256')
    await rename(incoming, path)
    send(exchange, 200, { ETag: `"${written.md5}"` })
  } finally {
    await rm(incoming, { force: true })
  }
}

/** `PUT` of one part of a multipart upload. */
export async function putPart(exchange: Exchange, repository: Repository, upload: string, part: string): Promise<void> {
  const folder = join(repository.directory, 'parts', upload)
  await mkdir(folder, { recursive: true })
  const incoming = join(folder, `${part}.${randomUUID()}`)
  try {
    const written = await write(exchange, incoming)
    await rename(incoming, join(folder, `${Number(part)}-${written.md5}`))
    send(exchange, 200, { ETag: `"${written.md5}"` })
  } finally {
    await rm(incoming, { force: true })
  }
}

/** Joins the parts; 400 unless they make up the announced object. */
export async function completeUpload(
  exchange: Exchange,
  repository: Repository,
  oid: string,
  upload: string,
): Promise<void> {
  const request = await readJson(exchange, completeShape)
  if (request.oid !== oid) throw new HubRefusal(400, 'the oid is not the one of this upload')
  const path = lfsPath(repository, oid)
  const folder = join(repository.directory, 'parts', upload)
  const joined = `${path}.${randomUUID()}`
  const hash = createHash('sha256')
  try {
    for (const [index, part] of request.parts.entries()) {
      if (part.partNumber !== index + 1) throw new HubRefusal(400, 'InvalidPartOrder')
      const file = join(folder, `${part.partNumber}-${part.etag.replaceAll('"', '').replace(/[^0-9a-f]/g, '')}`)
      if ((await sizeOf(file)) === null) throw new HubRefusal(400, `InvalidPart: ${part.partNumber}`)
      await pipeline(
        createReadStream(file),
        tap((chunk) => hash.update(chunk)),
        createWriteStream(joined, { flags: 'a' }),
      )
    }
    const size = await sizeOf(joined)
    if (hash.digest('hex') !== oid || String(size) !== exchange.url.searchParams.get('size')) {
      throw new HubRefusal(400, 'BadDigest: the parts do not make up the announced object')
    }
    await rename(joined, path)
    await rm(folder, { recursive: true, force: true })
    sendJson(exchange, {})
  } finally {
    await rm(joined, { force: true })
  }
}

/** `POST …/objects/verify`, which the Python client calls after an upload. */
export async function verify(exchange: Exchange, repository: Repository): Promise<void> {
  const { oid, size } = await readJson(exchange, z.object({ oid: oidShape, size: sizeShape }))
  if ((await sizeOf(lfsPath(repository, oid))) !== size) throw new HubRefusal(404, 'the object is not stored here')
  sendJson(exchange, {})
}

async function write(exchange: Exchange, path: string): Promise<{ sha256: string; md5: string }> {
  const expected = exchange.url.searchParams.get('size')
  if (exchange.request.headers['content-length'] !== expected) {
    throw new HubRefusal(400, `MissingContentLength: ${expected} bytes were announced`)
  }
  const sha256 = createHash('sha256')
  const md5 = createHash('md5')
  const hashing = tap((chunk) => {
    sha256.update(chunk)
    md5.update(chunk)
  })
  await pipeline(bodyOf(exchange), hashing, createWriteStream(path))
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex') }
}

function tap(see: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      see(chunk)
      callback(null, chunk)
    },
  })
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    (found) => found.size,
    () => null,
  )
}
