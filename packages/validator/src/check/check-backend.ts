import { lookupUris, type Manifest, type ManifestFile } from '@sluice/dataset'
import pLimit from 'p-limit'
import { passAbort } from '../errors.ts'
import { createCandidateFinder } from './candidates.ts'
import type { Wanted } from './entity.ts'
import type { Budget, Limits } from './budget.ts'
import { createObjectReader } from './object-reader.ts'
import { type Finding, findingOf } from './finding.ts'
import type { Source } from './miner-place.ts'

export interface BackendCheck {
  readonly backend: Source
  readonly missingRoot: 'absent' | 'unreachable'
  readonly manifest: Manifest
  readonly budget: Budget
  readonly limits: Limits
  /** Files whose whole content was found to differ from the manifest, with the reason. */
  readonly spoilt: ReadonlyMap<string, Finding>
}

/** A finding and the file that it is about. */
export interface UriFinding extends Finding {
  readonly path: string | null
}

/** What is known of a URI so far: `valid` ends the search, anything else but `absent` outlives it. */
interface Search {
  readonly wanted: Wanted
  readonly files: readonly ManifestFile[]
  readonly cut: boolean
  next: number
  result: UriFinding | null
  worst: UriFinding | null
}

/**
 * Looks for URIs in one backend by range reads, file by file; URIs that may be in one file share its reads.
 * @throws ValidatorError ABORTED
 */
export async function checkUris(
  check: BackendCheck,
  wanted: readonly Wanted[],
  signal?: AbortSignal,
): Promise<readonly UriFinding[]> {
  const candidatesOf = createCandidateFinder(check.manifest, check.limits.filesPerUri)
  const searches = wanted.map((entity): Search => {
    return { wanted: entity, ...candidatesOf(entity), next: 0, result: null, worst: null }
  })
  const limit = pLimit(check.limits.concurrency)
  for (;;) {
    // Rounds: each open search names its next file, and each named file is read once for all of them.
    const round = new Map<ManifestFile, Search[]>()
    for (const search of searches) {
      const file = search.result === null ? search.files[search.next++] : undefined
      if (file === undefined) continue
      const sharing = round.get(file)
      if (sharing === undefined) round.set(file, [search])
      else sharing.push(search)
    }
    if (round.size === 0) break
    await Promise.all([...round].map(([file, sharing]) => limit(() => searchFile(check, file, sharing, signal))))
  }
  return searches.map((search) => search.result ?? search.worst ?? notFound(search))
}

async function searchFile(
  check: BackendCheck,
  file: ManifestFile,
  searches: readonly Search[],
  signal?: AbortSignal,
): Promise<void> {
  const spoilt = check.spoilt.get(file.path)
  if (spoilt !== undefined) return settle(searches, { ...spoilt, path: file.path })
  try {
    const reader = createObjectReader(check.backend, file, check.budget)
    const uris = searches.map((search) => search.wanted.uri)
    // With several candidates per URI most will miss, and a bloom filter is cheaper than a row group.
    const fetchBloom = searches.some((search) => search.files.length > 1)
    const { found } = await lookupUris(reader, uris, { columns: [], fetchBloom, signal: check.budget.signal })
    for (const search of searches) {
      if (!found.has(search.wanted.uri)) continue
      search.result = { verdict: 'valid', reason: 'found in a file of the signed manifest', path: file.path }
    }
  } catch (error) {
    passAbort(signal, error)
    settle(searches, { ...findingOf(error, check.missingRoot), path: file.path })
  }
}

/** A file that cannot be searched: the URI may be in it, so the search goes on, but absence is no longer proven. */
function settle(searches: readonly Search[], finding: UriFinding): void {
  for (const search of searches) {
    if (search.worst === null || rank(finding) > rank(search.worst)) search.worst = finding
  }
}

/** What could not be looked at leaves more open than what is damaged, and that more than what is gone. */
function rank({ verdict }: Finding): number {
  return verdict === 'unreachable' ? 2 : verdict === 'corrupt' ? 1 : 0
}

function notFound({ cut, files, wanted }: Search): UriFinding {
  if (cut) {
    const reason = `not in the newest ${files.length} files; give source and hour to search the right one`
    return { verdict: 'unreachable', reason, path: null }
  }
  if (files.length === 0) return { verdict: 'absent', reason: 'no file of the manifest can hold it', path: null }
  const path = files.length === 1 ? (files[0]?.path ?? null) : null
  return {
    verdict: 'absent',
    reason: `not in ${path ?? `any of ${files.length} files`}`,
    path: wanted.hour === null ? null : path,
  }
}
