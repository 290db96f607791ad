import { ValidatorError } from '../errors.ts'

/** What checking one miner in one backend may cost at most, whatever the miner's data claims. */
export interface Limits {
  /** Milliseconds for all of it, default 120,000. */
  readonly milliseconds: number
  /** Milliseconds for a manifest alone, in a sweep; default 30,000. */
  readonly manifestMilliseconds: number
  /** Bytes read by ranges, manifest not counted; default 128 MiB. */
  readonly rangeBytes: number
  /** Bytes of the largest file that is sampled whole, default 256 MiB. */
  readonly sampleBytes: number
  /** Files searched for one URI without source and hour, newest first; default 256. */
  readonly filesPerUri: number
  /** Files of one miner read at the same time, default 4. */
  readonly concurrency: number
  /** URIs in one call, default 10,000. */
  readonly uris: number
}

export const defaultLimits: Limits = {
  milliseconds: 120_000,
  manifestMilliseconds: 30_000,
  rangeBytes: 128 * 1024 ** 2,
  sampleBytes: 256 * 1024 ** 2,
  filesPerUri: 256,
  concurrency: 4,
  uris: 10_000,
}

/** The budget of one miner in one backend, counted while it is spent. */
export interface Budget {
  readonly requests: number
  readonly bytes: number
  /** Fires at the deadline or with the caller's signal. */
  readonly signal: AbortSignal
  /** Announces a read. @throws ValidatorError LIMIT */
  spend(bytes: number): void
  close(): void
}

/** @param milliseconds until the deadline */
export function openBudget(limits: Limits, milliseconds: number, signal?: AbortSignal): Budget {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), milliseconds)
  let requests = 0
  let bytes = 0
  return {
    get requests() {
      return requests
    },
    get bytes() {
      return bytes
    },
    signal: signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]),
    spend(more) {
      if (bytes + more > limits.rangeBytes) {
        throw new ValidatorError('LIMIT', `reading it would take more than ${limits.rangeBytes} bytes of this miner`)
      }
      requests++
      bytes += more
    },
    close: () => clearTimeout(timer),
  }
}
