const MiB = 1024 * 1024
const GiB = 1024 * MiB

/** What one hotkey, address or request may take. Sizes in bytes. */
export interface Limits {
  /** One object. */
  readonly objectBytes: number
  /** One object of an upload that does not say its size, if that is less: 10,000 parts of 16 MiB, and not much more. */
  readonly unknownBytes: number
  /** S3's own bounds of a part, and of the number of parts. */
  readonly minPartBytes: number
  readonly maxPartBytes: number
  readonly maxParts: number
  /** One single PUT; S3 refuses more than 5 GiB. */
  readonly putBytes: number
  /** Life of every presigned URL. */
  readonly urlSeconds: number
  /** The same for the original APIs, whose clients cannot ask for fresh ones. */
  readonly legacyUrlSeconds: number
  /** An upload that was not completed by then is aborted. */
  readonly uploadSeconds: number
  /** Open multipart uploads of one hotkey, and the bytes they announce together; of an unknown size, all they may take. */
  readonly openUploads: number
  readonly openBytes: number
  /** Part URLs, or read URLs, in one reply. */
  readonly urlsPerRequest: number
  /** Bodies: of `complete`, which lists every part, and of everything else. */
  readonly completeBodyBytes: number
  readonly bodyBytes: number
  /** Requests: how many at once, and how many per second in the long run. */
  readonly perAddress: Rate
  readonly perHotkey: Rate
}

export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

export const defaultLimits: Limits = {
  objectBytes: 5 * 1024 * GiB,
  unknownBytes: 160 * GiB,
  minPartBytes: 5 * MiB,
  maxPartBytes: 5 * GiB,
  maxParts: 10_000,
  putBytes: 5 * GiB,
  urlSeconds: 900,
  legacyUrlSeconds: 3600,
  uploadSeconds: 24 * 3600,
  openUploads: 32,
  openBytes: 8 * 1024 * GiB,
  urlsPerRequest: 100,
  completeBodyBytes: 2 * MiB,
  bodyBytes: 256 * 1024,
  perAddress: { burst: 400, perSecond: 100 },
  perHotkey: { burst: 200, perSecond: 50 },
}
