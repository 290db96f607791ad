/** What one backend says about one URI. */
export type Verdict = 'valid' | 'absent' | 'corrupt' | 'unreachable'

/** What counts for the miner. `unknown` never counts against it: ask again later. */
export type CombinedVerdict = 'valid' | 'absent' | 'corrupt' | 'unknown'

export interface Combination {
  readonly verdict: CombinedVerdict
  /** One backend holds something damaged or forged, whatever the other says. */
  readonly conflict: boolean
}

/**
 * Combines both backends. During the transition valid in either is valid, and what cannot be reached might have been
 * valid, so it leaves the verdict open. After the sunset (`huggingFaceCounts` false) S3 alone decides; a damaged copy
 * on HuggingFace is still reported as a conflict.
 */
export function combine(s3: Verdict, huggingFace: Verdict, huggingFaceCounts: boolean): Combination {
  const conflict = s3 === 'corrupt' || huggingFace === 'corrupt'
  const counting = huggingFaceCounts ? [s3, huggingFace] : [s3]
  if (counting.includes('valid')) return { verdict: 'valid', conflict }
  if (counting.includes('unreachable')) return { verdict: 'unknown', conflict }
  return { verdict: counting.includes('corrupt') ? 'corrupt' : 'absent', conflict }
}
