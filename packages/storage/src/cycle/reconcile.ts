import { createHash } from 'node:crypto'
import { readAll, type StoredObject } from '@sluice/backends'
import { MANIFEST_KEY, type Manifest, MAX_FORMER_MANIFEST_BYTES, openManifest } from '@sluice/dataset'
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
  const opened = await target.backend.open(MANIFEST_KEY, undefined, call)
  const bytes = opened === null ? null : await readAll(opened.body, MAX_FORMER_MANIFEST_BYTES)
  if (bytes !== null && createHash('sha256').update(bytes).digest('hex') === state?.manifestSha256) return
  const remote = opened === null ? null : parse(options, target, bytes)
  if (remote === null && state?.manifestSha256 == null) return

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

/** Null when it is not ours. An earlier release may have written a larger one than is written now. */
function parse(
  { hotkey, netuid, log }: ReconcileOptions,
  target: Target,
  bytes: Uint8Array | null,
): ReturnType<typeof openManifest> | null {
  const maxBytes = MAX_FORMER_MANIFEST_BYTES
  try {
    if (bytes === null) throw new Error(`it has more than ${maxBytes} bytes`)
    return openManifest(bytes, { hotkey, netuid, backend: target.name, maxBytes })
  } catch (error) {
    const text = `${target.name}: the manifest there is not ours (${messageOf(error)}); it will be written anew`
    log.warn({ backend: target.name }, text)
    return null
  }
}
