import { readAll } from '@sluice/backends'
import {
  type Manifest,
  MANIFEST_KEY,
  MAX_FORMER_MANIFEST_BYTES,
  MAX_MANIFEST_BYTES,
  openManifest,
} from '@sluice/dataset'
import { passAbort } from '../errors.ts'
import { type Finding, findingOf } from './finding.ts'
import type { Place } from './miner-place.ts'
import { compareWithSeen, type SeenManifests } from './manifest-history.ts'

/** A miner's signed manifest in one backend, or why there is none to use. */
export type ManifestState =
  | {
      readonly kind: 'present'
      readonly manifest: Manifest
      /** Of the manifest file. */
      readonly sha256: string
      /** Roll-back or equivocation, as sentences. */
      readonly problems: readonly string[]
    }
  | { readonly kind: 'missing'; readonly finding: Finding }

export interface ManifestQuery {
  readonly place: Place
  /** `s3` or `huggingface`: what the manifest must say it is for. */
  readonly name: string
  readonly hotkey: string
  readonly netuid: number
  readonly seen: SeenManifests
}

/**
 * Reads and verifies a manifest. Never throws for what lies there.
 * @param budgetSignal fires at the deadline or with the caller's signal
 * @throws ValidatorError ABORTED
 */
export async function readManifest(
  query: ManifestQuery,
  budgetSignal: AbortSignal,
  signal?: AbortSignal,
): Promise<ManifestState> {
  const { place, hotkey, netuid, name } = query
  if (place.kind === 'closed') return missing(place.verdict, place.reason)
  try {
    const opened = await place.backend.open(MANIFEST_KEY, undefined, { signal: budgetSignal })
    if (opened === null) return missing('absent', 'there is no manifest')
    if (opened.bytes > MAX_MANIFEST_BYTES) {
      await opened.body.cancel()
      // Up to the former limit an honest miner's earlier release may have written it.
      const verdict = opened.bytes > MAX_FORMER_MANIFEST_BYTES ? 'corrupt' : 'unreachable'
      return missing(verdict, `the manifest has ${opened.bytes} bytes, at most ${MAX_MANIFEST_BYTES} are read`)
    }
    const bytes = await readAll(opened.body, MAX_MANIFEST_BYTES)
    if (bytes === null) return missing('unreachable', 'more of the manifest came than was announced')
    const { manifest, sha256 } = openManifest(bytes, { hotkey, netuid, backend: name })
    return { kind: 'present', manifest, sha256, problems: historyProblems(query, manifest) }
  } catch (error) {
    passAbort(signal, error)
    return { kind: 'missing', finding: findingOf(error, place.missingRoot) }
  }
}

function historyProblems({ seen, name }: ManifestQuery, manifest: Manifest): string[] {
  const known = seen.get(manifest.hotkey, manifest.backend)
  const history = compareWithSeen(seen, manifest)
  if (history === 'rolled-back') {
    return [`${name}: the manifest went back from sequence ${known?.sequence} to ${manifest.sequence}`]
  }
  if (history === 'equivocation') {
    return [`${name}: two different manifests are signed with sequence ${manifest.sequence}`]
  }
  return []
}

function missing(verdict: Finding['verdict'], reason: string): ManifestState {
  return { kind: 'missing', finding: { verdict, reason } }
}
