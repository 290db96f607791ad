/** One field of an on-chain commitment (`Data` of pallet-commitments), reduced to what matters here. */
export type CommitmentField =
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'bigRaw'; readonly bytes: Uint8Array }
  /** Any other `Data` variant: its whole SCALE encoding with the index byte, kept bit for bit. */
  | { readonly kind: 'foreign'; readonly type: string; readonly scale: Uint8Array }

/** What the runtime takes; spec >= 269: 3 fields, Raw 128 B, BigRaw 512 B. */
export interface CommitmentLimits {
  readonly maxFields: number
  readonly maxRawBytes: number
  /** Null: a runtime without BigRaw. */
  readonly maxBigRawBytes: number | null
}

/** A whole commitment, ready to be written in place of the current one. */
export interface EncodedCommitment {
  readonly fields: readonly CommitmentField[]
  /** Encoding of the record that was written. */
  readonly encoding: 'json' | 'compact'
  /** Bytes of all fields, foreign ones included: what the chain counts against the hotkey's space (100 at least). */
  readonly bytes: number
}

/** Content bytes of a field as the chain counts them (for a timelocked field at most 10 too many). */
export const fieldBytes = (field: CommitmentField): number =>
  field.kind === 'foreign' ? Math.max(0, field.scale.length - 1) : field.bytes.length
