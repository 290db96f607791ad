import { fieldBytes, type CommitmentField, type CommitmentLimits, type EncodedCommitment } from './commitment.ts'
import { writeCompactPointer, writeCompactPolicy } from './compact.ts'
import { createPolicy } from './create-policy.ts'
import { decodePointer } from './decode.ts'
import { RolloutError } from './errors.ts'
import { repositoryProblem } from './text-rules.ts'
import type { Policy } from './policy.ts'
import { POLICY_VERSION } from './policy-schema.ts'
import { policyToJson } from './policy-json.ts'
import { readRecords, type CommitmentRecord } from './records.ts'

/** Our fields of a commitment-to-be; the first candidate that fits is taken. */
interface Candidate {
  readonly encoding: 'json' | 'compact'
  readonly fields: readonly CommitmentField[] | null
}

const utf8 = new TextEncoder()
const raw = (text: string): CommitmentField => ({ kind: 'raw', bytes: utf8.encode(text) })

/** JSON over as few BigRaw fields as it needs; Raw where the runtime has nothing longer. */
const chunked = (text: string, limits: CommitmentLimits): CommitmentField[] => {
  const kind = limits.maxBigRawBytes === null ? 'raw' : 'bigRaw'
  const size = Math.max(1, limits.maxBigRawBytes ?? limits.maxRawBytes)
  const bytes = utf8.encode(text)
  const fields: CommitmentField[] = []
  for (let at = 0; at < bytes.length; at += size) fields.push({ kind, bytes: bytes.slice(at, at + size) })
  return fields
}

const fits = (fields: readonly CommitmentField[], limits: CommitmentLimits): boolean =>
  fields.length <= limits.maxFields &&
  fields.every((field) =>
    field.kind === 'raw'
      ? field.bytes.length <= limits.maxRawBytes
      : field.kind === 'foreign' || (limits.maxBigRawBytes !== null && field.bytes.length <= limits.maxBigRawBytes),
  )

/** A commitment of nothing but empty fields is free; beside others an empty field keeps its place. */
const occupied = (fields: readonly CommitmentField[]): readonly CommitmentField[] =>
  fields.every((field) => fieldBytes(field) === 0 && (field.kind !== 'foreign' || field.type === 'None')) ? [] : fields

const isForeign = (record: CommitmentRecord): boolean => record.kind === 'foreign'

/** Foreign fields stay in order and on their side of ours; ours go where ours were, else behind everything. */
const fit = (
  records: readonly CommitmentRecord[],
  candidates: readonly Candidate[],
  limits: CommitmentLimits,
): EncodedCommitment => {
  const firstOurs = records.findIndex((record) => !isForeign(record))
  const cut = firstOurs < 0 ? records.length : firstOurs
  const before = records.slice(0, cut).flatMap((record) => record.fields)
  const after = records
    .slice(cut)
    .filter(isForeign)
    .flatMap((record) => record.fields)
  for (const { encoding, fields: ours } of candidates) {
    if (ours === null) continue
    const fields = [...before, ...ours, ...after]
    if (fits(fields, limits)) return { fields, encoding, bytes: fields.reduce((sum, f) => sum + fieldBytes(f), 0) }
  }
  const sizes = candidates.flatMap(({ fields }) =>
    fields === null ? [] : [fields.reduce((sum, field) => sum + fieldBytes(field), 0)],
  )
  const { maxFields, maxRawBytes, maxBigRawBytes } = limits
  throw new RolloutError(
    'DOES_NOT_FIT',
    `The record needs ${Math.min(...sizes)} bytes at least, but beside ${before.length + after.length} field(s) of ` +
      `others this chain takes ${maxFields} field(s) of ${maxBigRawBytes ?? maxRawBytes} bytes. ` +
      'Shorten the policy (schedule, include, exclude, endpoints) or free the commitment of its other content.',
  )
}

const document = (storage: string, others: readonly (readonly [key: string, text: string])[]): string =>
  `{${[['storage', storage] as const, ...others].map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`

const othersOf = (records: readonly CommitmentRecord[]): (readonly [string, string])[] => {
  const all = records.flatMap((record) => (record.kind === 'json' ? record.members : []))
  const seen = new Map<string, string>()
  for (const { key, text } of all) if (key !== 'storage' && !seen.has(key)) seen.set(key, text)
  return [...seen]
}

/**
 * The commitment that publishes a policy in place of `current`: fields of others, other top-level JSON keys and the
 * miner's pointer stay. Compact when the policy fits it and field 0 is free or ours, else JSON.
 * @throws RolloutError `BAD_POLICY`, or `DOES_NOT_FIT` with the sizes
 */
export const encodePolicy = (
  policy: Policy,
  current: readonly CommitmentField[],
  limits: CommitmentLimits,
): EncodedCommitment => {
  const valid = createPolicy(policy)
  const records = readRecords(occupied(current))
  const repository = decodePointer(current)
  const others = othersOf(records)
  const fieldZeroIsFree = records[0] === undefined || !isForeign(records[0])
  const compact = others.length === 0 && fieldZeroIsFree ? writeCompactPolicy(valid) : null
  const pointer = repository === null ? [] : [raw(writeCompactPointer(repository))]
  const storage = policyToJson(valid)
  const json = (hf: string | null): CommitmentField[] =>
    chunked(document(JSON.stringify(hf === null ? storage : { ...storage, hf }), others), limits)
  return fit(
    records,
    [
      { encoding: 'compact', fields: compact === null ? null : [raw(compact), ...pointer] },
      { encoding: 'json', fields: json(repository) },
      { encoding: 'json', fields: repository === null ? null : [...json(null), ...pointer] },
    ],
    limits,
  )
}

/**
 * The commitment that publishes a miner's HuggingFace repository in place of `current`; fields of others and a policy
 * (of whatever version) stay as they are.
 * @throws RolloutError `BAD_REPOSITORY`, or `DOES_NOT_FIT` with the sizes
 */
export const encodePointer = (
  repository: string,
  current: readonly CommitmentField[],
  limits: CommitmentLimits,
): EncodedCommitment => {
  const problem = repositoryProblem(repository)
  if (problem !== null) throw new RolloutError('BAD_REPOSITORY', `The HuggingFace repository ${problem}.`)
  const all = readRecords(occupied(current))
  const records = all.filter((record) => record.kind !== 'pointer')
  const rewrite = (hf: string | null): CommitmentField[] =>
    records.filter((record) => !isForeign(record)).flatMap((record) => withPointer(record, hf, limits))
  const hasJson = records.some((record) => record.kind === 'json' && record.members.length > 0)
  const compact = [...rewrite(null), raw(writeCompactPointer(repository))]
  const fresh = document(JSON.stringify({ v: POLICY_VERSION, hf: repository }), [])
  const alone = [...rewrite(null), ...chunked(fresh, limits)]
  return fit(
    all,
    [
      { encoding: 'json', fields: hasJson ? rewrite(repository) : null },
      { encoding: 'compact', fields: compact },
      { encoding: 'json', fields: hasJson ? null : alone },
    ],
    limits,
  )
}

/** The record with `hf` set or removed, every other member bit for bit. */
const withPointer = (
  record: CommitmentRecord,
  hf: string | null,
  limits: CommitmentLimits,
): readonly CommitmentField[] => {
  if (record.kind !== 'json' || record.members.length === 0) return record.fields
  if (hf === null && !record.storage.some((member) => member.key === 'hf')) return record.fields
  const kept = record.storage.filter((member) => member.key !== 'hf')
  // A pointer-only record without its pointer says nothing; only other keys are worth a field.
  if (hf === null && kept.every((member) => member.key === 'v') && record.members.length === 1) return []
  const pairs = [
    ...kept.map(({ key, text }) => [key, text] as const),
    ...(hf === null ? [] : [['hf', JSON.stringify(hf)] as const]),
  ]
  const storage = `{${pairs.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`
  return chunked(document(storage, othersOf([record])), limits)
}
