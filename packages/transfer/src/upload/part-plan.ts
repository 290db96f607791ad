import { TransferError } from '../errors.ts'

export const MIB: number = 1024 * 1024
const GIB = 1024 * MIB
/** Limits of S3 for every part but the last, for a part, and for an upload. */
export const LEAST_PART: number = 5 * MIB
export const LARGEST_PART: number = 5 * GIB
export const MOST_PARTS: number = 10_000
/** 10,000 parts of 5 GiB: 48.8 TiB, what S3 calls 50 TB. */
export const LARGEST_OBJECT: number = MOST_PARTS * LARGEST_PART

/** A part should take about this long on a known line: short enough to repeat, long enough to hide its overhead. */
const SECONDS_PER_PART = 5

export interface PlanRequest {
  /** Null = unknown. */
  readonly bytes: number | null
  /** Taken as it is, or refused. */
  readonly partSize?: number | undefined
  /** Memory for the parts of all transfers. */
  readonly memoryBudget: number
  /** Parts are read while they are sent, so that they take no memory. Default false. */
  readonly isSliced?: boolean
  /** Speed of the line as seen so far. */
  readonly bytesPerSecond?: number | null
}

export type Plan =
  | { readonly kind: 'single'; readonly bytes: number }
  | {
      readonly kind: 'parts'
      /** Every part but the last has exactly this size. */
      readonly partSize: number
      /** Null while the length is unknown. */
      readonly parts: number | null
    }

/**
 * One PUT for what fits into one part, else equal parts. The part size follows from the memory (four parts at once),
 * grows for the 10,000 part limit, and shrinks on a slow line.
 * @throws TransferError `BAD_OPTION`, `TOO_LARGE`
 */
export function planUpload(request: PlanRequest): Plan {
  const { bytes, memoryBudget } = request
  if (bytes !== null && bytes > LARGEST_OBJECT) {
    throw tooLarge(`An object holds at most ${LARGEST_OBJECT} bytes; this one has ${bytes}. Split it.`)
  }
  if (request.partSize !== undefined) checkPartSize(request.partSize)
  const partSize = request.partSize ?? choosePartSize(request)
  const parts = bytes === null ? null : Math.max(1, Math.ceil(bytes / partSize))
  if (parts !== null && parts > MOST_PARTS) {
    const least = Math.ceil((bytes as number) / MOST_PARTS / MIB)
    throw tooLarge(`Parts of ${partSize} bytes would be ${parts}; 10,000 are allowed. Use at least ${least} MiB.`)
  }
  if (bytes === null && partSize > memoryBudget) {
    const text = `Parts of ${partSize} bytes from a stream need as much memory; raise memoryBudget (${memoryBudget}).`
    throw new TransferError('BAD_OPTION', text, { retryable: false })
  }
  if (bytes !== null && bytes <= Math.min(partSize, memoryBudget / 2)) return { kind: 'single', bytes }
  return { kind: 'parts', partSize, parts }
}

function choosePartSize({ bytes, memoryBudget, isSliced, bytesPerSecond }: PlanRequest): number {
  // Each part costs the store a request: four large ones beat eight small ones. A stream may become long, and R2 wants
  // equal parts, so it takes all of the budget; else some is left for another file's first bytes, but not for a fifth part.
  const share =
    isSliced === true && bytes !== null
      ? slicedShare(bytes, memoryBudget)
      : Math.min(16 * MIB, (memoryBudget * (bytes === null ? 16 : 13)) / 64)
  const line = bytesPerSecond == null ? Infinity : bytesPerSecond * SECONDS_PER_PART
  const wanted = Math.floor(Math.min(share, line) / MIB) * MIB
  const needed = bytes === null ? 0 : Math.ceil(bytes / MOST_PARTS / MIB) * MIB
  return Math.max(LEAST_PART, wanted, needed)
}

/**
 * What is read while it is sent takes memory only when it is resumed: a part is then compared before it goes, two at
 * once. What a failure repeats is a 32nd of a large file.
 */
function slicedShare(bytes: number, memoryBudget: number): number {
  const large = Math.min(32 * MIB, memoryBudget / 2, bytes / 32)
  return Math.min(memoryBudget, Math.max(16 * MIB, large))
}

function checkPartSize(partSize: number): void {
  if (!Number.isSafeInteger(partSize) || partSize < LEAST_PART || partSize > LARGEST_PART) {
    const text = `The part size must be ${LEAST_PART} (5 MiB) to ${LARGEST_PART} (5 GiB) bytes, not ${partSize}.`
    throw new TransferError('BAD_OPTION', text, { retryable: false })
  }
}

/** The largest stream that parts of this size can hold. */
export function streamLimit(partSize: number): number {
  return partSize * MOST_PARTS
}

function tooLarge(text: string): TransferError {
  return new TransferError('TOO_LARGE', text, { retryable: false })
}
