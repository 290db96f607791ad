import { createHash } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import type { Manifest } from '@sluice/dataset'
import { z } from 'zod'
import { ValidatorError } from '../errors.ts'

/** The newest manifest of a miner in a backend that this validator has seen. */
export interface SeenManifest {
  readonly sequence: number
  /** SHA-256 over what the manifest says about files; signing again does not change it. */
  readonly content: string
}

/** Memory of manifests, so that going back is noticed. */
export interface SeenManifests {
  get(hotkey: string, backend: string): SeenManifest | null
  set(hotkey: string, backend: string, seen: SeenManifest): void
  /** Keeps it for the next process, if there is a file. */
  save(): Promise<void>
}

export type History = 'first' | 'same' | 'newer' | 'rolled-back' | 'equivocation'

/** Compares a manifest with what was seen before and remembers the newest. */
export function compareWithSeen(seen: SeenManifests, manifest: Manifest): History {
  const before = seen.get(manifest.hotkey, manifest.backend)
  const { sequence, previous, files } = manifest
  const content = createHash('sha256').update(JSON.stringify({ sequence, previous, files })).digest('hex')
  if (before !== null && sequence < before.sequence) return 'rolled-back'
  if (before !== null && sequence === before.sequence) return content === before.content ? 'same' : 'equivocation'
  seen.set(manifest.hotkey, manifest.backend, { sequence, content })
  return before === null ? 'first' : 'newer'
}

const stateSchema = z.record(
  z.string(),
  z.strictObject({ sequence: z.int().nonnegative(), content: z.string().regex(/^[0-9a-f]{64}$/) }),
)

/** @param file JSON file; without it the memory lasts as long as the process. @throws ValidatorError BAD_INPUT */
export async function openSeenManifests(file?: string): Promise<SeenManifests> {
  const known = new Map(file === undefined ? [] : Object.entries(await load(file)))
  const key = (hotkey: string, backend: string): string => `${hotkey}/${backend}`
  async function write(path: string): Promise<void> {
    const temporary = `${path}.${process.pid}.tmp`
    const handle = await open(temporary, 'w', 0o644)
    try {
      await handle.writeFile(JSON.stringify(Object.fromEntries([...known].sort(([a], [b]) => (a < b ? -1 : 1)))))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  }

  let writing: Promise<void> = Promise.resolve()
  let next: Promise<void> | null = null
  return {
    get: (hotkey, backend) => known.get(key(hotkey, backend)) ?? null,
    set: (hotkey, backend, seen) => void known.set(key(hotkey, backend), seen),
    async save() {
      if (file === undefined) return
      // One write at a time; whoever asks meanwhile shares the one that follows.
      next ??= writing
        .catch(() => undefined)
        .then(() => {
          next = null
          return write(file)
        })
      writing = next
      await next
    },
  }
}

async function load(file: string): Promise<z.infer<typeof stateSchema>> {
  try {
    return stateSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new ValidatorError(
      'BAD_INPUT',
      `${file} is no state file of this program; move it away or name another.`,
      error,
    )
  }
}
