import type { CommitmentField } from './commitment.ts'
import type { PolicyDecoding } from './policy-json.ts'
import { readRecords } from './records.ts'

/**
 * The policy in a commitment, whichever encoding it has; fields of others are skipped. Two policies in one commitment are
 * `invalid`, since nobody could say which one the owner meant. Never throws.
 */
export const decodePolicy = (fields: readonly CommitmentField[]): PolicyDecoding => {
  const found = readRecords(fields)
    .flatMap((record) => (record.kind === 'compact' || record.kind === 'json' ? [record.decoding] : []))
    .filter((decoding) => decoding.kind !== 'absent')
  if (found.length > 1) return { kind: 'invalid', problem: 'the commitment holds more than one policy' }
  return found[0] ?? { kind: 'absent' }
}

/** The miner's HuggingFace dataset repository `namespace/name`, or null. The compact record wins over `hf` in JSON. */
export const decodePointer = (fields: readonly CommitmentField[]): string | null => {
  const records = readRecords(fields)
  const compact = records.find((record) => record.kind === 'pointer')
  if (compact?.kind === 'pointer') return compact.repository
  for (const record of records) if (record.kind === 'json' && record.repository !== null) return record.repository
  return null
}
