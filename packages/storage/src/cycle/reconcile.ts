import type { StoredObject } from '@sluice/backends'
import { MANIFEST_KEY, type Manifest, openManifest } from '@sluice/dataset'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Target } from './target.ts'

export interface ReconcileOptions {
  readonly outbox: Outbox
  readonly hotkey: string
  readonly netuid: number
  readonly log: Log
  readonly now: () => number
}

/** A manifest of more files than this program writes is cut off here rather than read without end. */
const maxManifestBytes = 256 * 1024 * 1024

/**
 * Brings the outbox in line with what the backend holds. One small read when nothing happened; after a crash between
 * writing a manifest and recording it, with a lost state file, or with an emptied backend, the backend is listed and
 * believed.
 * @throws BackendError
 */
export async function reconcile(options: ReconcileOptions, target: Target, signal?: AbortSignal): Promise<void> {
  const { outbox, log } = options
  const call = signal === undefined ? {} : { signal }
  const state = outbox.targets.get(target.name)
  const bytes = await readManifest(target, signal)
  const remote = bytes === null ? null : parse(options, target, bytes)
  if (remote === null && state?.manifestSha256 == null) return
  if (remote !== null && remote.sha256 === state?.manifestSha256) return

  const stored = new Map<string, StoredObject>()
  for await (const object of target.backend.list('', call)) stored.set(object.key, object)
  const why = remote === null ? 'its manifest is gone' : `it has manifest ${remote.manifest.sequence} of another run`
  log.warn(
    { backend: target.name, objects: stored.size },
    `${target.name} at ${target.identity}: ${why}; compared anew`,
  )
  outbox.transaction(() => {
    for (const file of outbox.files.verifiedIn(target.name)) {
      if (!isSame(stored.get(file.key), file)) outbox.jobs.remove(file.id, target.name)
    }
    const listed = remote === null ? [] : adopt(options, target, remote.manifest, stored)
    const sequence = Math.max(state?.sequence ?? 0, remote?.manifest.sequence ?? 0)
    outbox.targets.setManifest(target.name, sequence, remote?.sha256 ?? null, options.now(), listed)
  })
}

/** Files of a manifest signed by our own hotkey, as far as they are there, become known and verified. */
function adopt(
  { outbox, now }: ReconcileOptions,
  target: Target,
  manifest: Manifest,
  stored: ReadonlyMap<string, StoredObject>,
): number[] {
  const listed: number[] = []
  const known = new Set(outbox.files.live().map((file) => `${file.source}/${file.hour}`))
  for (const entry of manifest.files) {
    if (!isSame(stored.get(entry.path), entry)) continue
    const present = outbox.files.byKey(entry.path)
    if (present !== null && present.sha256 !== entry.sha256) continue // files/…: a newer content waits under the key
    const { path: key, bytes, sha256, rows, source, hour } = entry
    const superseded = source !== null && known.has(`${source}/${hour}`)
    const file = { key, bytes, sha256, rows, source, hour, path: null, live: !superseded }
    const id = present?.id ?? outbox.files.put(file, now())
    outbox.jobs.verify(id, target.name, `${target.identity}/${key}`, now())
    listed.push(id)
  }
  return listed
}

/** As far as the backend can tell without reading the object. */
function isSame(object: StoredObject | undefined, file: { readonly bytes: number; readonly sha256: string }): boolean {
  return object?.bytes === file.bytes && (object.sha256 === null || object.sha256 === file.sha256)
}

function parse(options: ReconcileOptions, target: Target, bytes: Uint8Array): ReturnType<typeof openManifest> | null {
  try {
    return openManifest(bytes, { hotkey: options.hotkey, netuid: options.netuid, backend: target.name })
  } catch (error) {
    const text = `${target.name}: the manifest there is not ours (${messageOf(error)}); it will be written anew`
    options.log.warn({ backend: target.name }, text)
    return null
  }
}

async function readManifest(target: Target, signal?: AbortSignal): Promise<Uint8Array | null> {
  const call = signal === undefined ? {} : { signal }
  const opened = await target.backend.open(MANIFEST_KEY, undefined, call)
  if (opened === null) return null
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of opened.body as unknown as AsyncIterable<Uint8Array>) {
    total += chunk.byteLength
    if (total > maxManifestBytes) break // leaving the loop cancels the stream
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
