import type { BackendName } from '@sluice/rollout'
import { passAbort } from '../errors.ts'
import { checkUris, type UriFinding } from './check-backend.ts'
import { createCandidateFinder } from './candidates.ts'
import { type Coverage, uniteManifests } from './coverage.ts'
import type { Wanted } from './entity.ts'
import { type Limits, openBudget } from './budget.ts'
import { type ManifestState, readManifest } from './manifest-state.ts'
import type { Place } from './miner-place.ts'
import { pickSamples, type Sample, sampleFile } from './sample.ts'
import type { SeenManifests } from './manifest-history.ts'
import { combine, type CombinedVerdict, type Verdict } from './verdict.ts'

/** The verdict on one URI, with what each backend said. */
export interface UriVerdict {
  readonly uri: string
  readonly verdict: CombinedVerdict
  /** A backend holds something damaged or forged. */
  readonly conflict: boolean
  readonly s3: UriFinding
  readonly huggingface: UriFinding
}

/** What was found out about a miner in one backend, apart from the URIs. */
export interface BackendReport {
  /** `valid`: a manifest with a good signature is there. */
  readonly manifest: Verdict
  readonly reason: string
  readonly sequence: number | null
  readonly files: number
  /** Range reads of this call, manifest and samples not counted. */
  readonly requests: number
  readonly bytesRead: number
  /** Files that were read whole. */
  readonly samples: readonly Sample[]
}

/** Everything about one miner at one block. */
export interface MinerReport {
  readonly hotkey: string
  readonly block: number
  /** False once the policy's `hf_sunset_block` is reached. */
  readonly huggingFaceCounts: boolean
  readonly verdicts: readonly UriVerdict[]
  readonly s3: BackendReport
  readonly huggingface: BackendReport
  readonly coverage: Coverage
  /** Sentences: roll-backs, equivocation, samples that differ, conflicts. */
  readonly problems: readonly string[]
}

export interface MinerQuery {
  readonly hotkey: string
  readonly netuid: number
  readonly block: number
  readonly huggingFaceCounts: boolean
  readonly places: Readonly<Record<BackendName, Place>>
  readonly seen: SeenManifests
  readonly limits: Limits
  /** Files per backend that are read whole and compared with their signed SHA-256; 0.1 = one in every ten checks. */
  readonly samples: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

interface BackendResult {
  readonly state: ManifestState
  readonly findings: readonly UriFinding[]
  readonly report: BackendReport
  readonly problems: readonly string[]
}

/** Checks a miner's URIs in both backends at the same time and combines. @throws ValidatorError ABORTED */
export async function validateMiner(
  query: MinerQuery,
  wanted: readonly Wanted[],
  signal?: AbortSignal,
): Promise<MinerReport> {
  const [s3, huggingface] = await Promise.all([
    checkBackend(query, 's3', wanted, signal),
    checkBackend(query, 'huggingface', wanted, signal),
  ])
  const verdicts = wanted.map(({ uri }, at): UriVerdict => {
    const found = { s3: s3.findings[at] as UriFinding, huggingface: huggingface.findings[at] as UriFinding }
    return { uri, ...combine(found.s3.verdict, found.huggingface.verdict, query.huggingFaceCounts), ...found }
  })
  const conflicts = verdicts.filter(({ conflict }) => conflict).length
  return {
    hotkey: query.hotkey,
    block: query.block,
    huggingFaceCounts: query.huggingFaceCounts,
    verdicts,
    s3: s3.report,
    huggingface: huggingface.report,
    coverage: uniteManifests(manifestIn(s3.state), manifestIn(huggingface.state)),
    problems: [
      ...s3.problems,
      ...huggingface.problems,
      ...(conflicts === 0 ? [] : [`${conflicts} of ${verdicts.length} URIs are damaged in a backend`]),
    ],
  }
}

async function checkBackend(
  query: MinerQuery,
  name: BackendName,
  wanted: readonly Wanted[],
  signal?: AbortSignal,
): Promise<BackendResult> {
  const first = await checkOnce(query, name, wanted, signal)
  // A miner that publishes meanwhile deletes superseded files and replaces `files/…`; the manifest then names others.
  const gone = first.findings.some(({ verdict, path }) => verdict === 'absent' && path !== null)
  const differs = first.report.samples.some(({ verdict }) => verdict === 'absent' || verdict === 'corrupt')
  if (first.state.kind === 'missing' || (!gone && !differs)) return first
  const again = await checkOnce(query, name, wanted, signal)
  const unchanged = again.state.kind === 'missing' || again.state.sha256 === first.state.sha256
  return unchanged ? first : again
}

async function checkOnce(
  query: MinerQuery,
  name: BackendName,
  wanted: readonly Wanted[],
  signal?: AbortSignal,
): Promise<BackendResult> {
  passAbort(signal)
  const { limits } = query
  const place = query.places[name]
  const budget = openBudget(limits, limits.milliseconds, signal)
  try {
    const state = await readManifest({ ...query, place, name }, budget.signal, signal)
    if (state.kind === 'missing' || place.kind === 'closed') {
      const finding = state.kind === 'missing' ? state.finding : { verdict: 'absent' as const, reason: 'closed' }
      const findings = wanted.map(() => ({ ...finding, path: null }))
      const report = {
        manifest: finding.verdict,
        reason: finding.reason,
        sequence: null,
        files: 0,
        requests: 0,
        bytesRead: 0,
      }
      const problems = finding.verdict === 'corrupt' ? [`${name}: ${finding.reason}`] : []
      return { state, findings, report: { ...report, samples: [] }, problems }
    }
    const { backend, missingRoot } = place
    const { manifest } = state
    const samples: Sample[] = []
    for (const file of pickSamples(samplePool(query, state, wanted), query.samples, limits.sampleBytes, query.random)) {
      samples.push(await sampleFile(backend, file, missingRoot, budget.signal, signal))
    }
    const bad = samples.filter(({ verdict }) => verdict === 'corrupt' || verdict === 'absent')
    const spoilt = new Map(bad.map((sample) => [sample.path, sample]))
    const findings = await checkUris({ backend, missingRoot, manifest, budget, limits, spoilt }, wanted, signal)
    return {
      state,
      findings,
      problems: [...state.problems, ...bad.map((sample) => `${name}: ${sample.reason}`)],
      report: {
        manifest: 'valid',
        reason: 'the manifest is signed by the hotkey',
        sequence: manifest.sequence,
        files: manifest.files.length,
        requests: budget.requests,
        bytesRead: budget.bytes,
        samples,
      },
    }
  } finally {
    budget.close()
  }
}

/** Files that the URIs are looked up in come first: what is judged is what is sampled. */
function samplePool(query: MinerQuery, state: ManifestState & { kind: 'present' }, wanted: readonly Wanted[]) {
  if (query.samples === 0) return []
  const candidatesOf = createCandidateFinder(state.manifest, query.limits.filesPerUri)
  const hit = new Set(wanted.filter(({ hour }) => hour !== null).flatMap((entity) => candidatesOf(entity).files))
  return hit.size > 0 ? [...hit] : state.manifest.files
}

function manifestIn(state: ManifestState) {
  return state.kind === 'present' ? state.manifest : null
}
