import { createHash } from 'node:crypto'
import type { ManifestFile } from '@sluice/dataset'
import { passAbort } from '../errors.ts'
import { absent, sizeDiffers } from './object-reader.ts'
import { type Finding, findingOf } from './finding.ts'
import type { Source } from './miner-place.ts'

/** A file that was read whole. */
export interface Sample extends Finding {
  readonly path: string
  readonly bytes: number
}

/**
 * Picks files at random, none above `maxBytes`.
 * @param count a fraction is the chance of one more
 * @param random uniform in [0, 1)
 */
export function pickSamples(
  files: readonly ManifestFile[],
  count: number,
  maxBytes: number,
  random: () => number,
): readonly ManifestFile[] {
  const pool = files.filter((file) => file.bytes <= maxBytes)
  const picked: ManifestFile[] = []
  const wanted = Math.floor(count) + (random() < count % 1 ? 1 : 0)
  while (picked.length < wanted && pool.length > 0) {
    picked.push(...pool.splice(Math.min(pool.length - 1, Math.floor(random() * pool.length)), 1))
  }
  return picked
}

/** Reads a file whole and compares its SHA-256 with the signed manifest. @throws ValidatorError ABORTED */
export async function sampleFile(
  backend: Source,
  file: ManifestFile,
  missingRoot: 'absent' | 'unreachable',
  budgetSignal: AbortSignal,
  signal?: AbortSignal,
): Promise<Sample> {
  const { path, bytes } = file
  try {
    const opened = await backend.open(path, undefined, { signal: budgetSignal })
    if (opened === null) throw absent(file)
    if (opened.bytes !== bytes) {
      await opened.body.cancel()
      throw sizeDiffers(file, opened.bytes)
    }
    const hash = createHash('sha256')
    for await (const chunk of opened.body) hash.update(chunk)
    if (hash.digest('hex') === file.sha256)
      return { path, bytes, verdict: 'valid', reason: 'the SHA-256 is the signed one' }
    return { path, bytes, verdict: 'corrupt', reason: `the SHA-256 of ${path} is not the one in the signed manifest` }
  } catch (error) {
    passAbort(signal, error)
    return { path, bytes, ...findingOf(error, missingRoot) }
  }
}
