import type { CommitmentField } from './commitment.ts'
import { readCompact } from './compact.ts'
import { repositoryProblem } from './text-rules.ts'
import { readPolicyJson, type PolicyDecoding } from './policy-json.ts'
import { parseMembers, type JsonMember } from './strict-json.ts'

/** A run of fields of the commitment that belong together. */
export type CommitmentRecord =
  | { readonly kind: 'foreign'; readonly fields: readonly CommitmentField[] }
  | { readonly kind: 'compact'; readonly fields: readonly CommitmentField[]; readonly decoding: PolicyDecoding }
  | { readonly kind: 'pointer'; readonly fields: readonly CommitmentField[]; readonly repository: string }
  | {
      readonly kind: 'json'
      readonly fields: readonly CommitmentField[]
      readonly decoding: PolicyDecoding
      /** Members of the document and of its `storage` object with their exact text; empty when it is broken. */
      readonly members: readonly JsonMember[]
      readonly storage: readonly JsonMember[]
      readonly repository: string | null
    }

/** Longest JSON we put together; the chain's limit is 1,536 bytes. */
const MAX_JSON_BYTES = 8192
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const textOf = (chunks: readonly Uint8Array[]): string | null => {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  if (whole.length > MAX_JSON_BYTES) return null
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  try {
    return strictUtf8.decode(whole)
  } catch {
    return null
  }
}

const jsonRecord = (fields: readonly CommitmentField[], text: string): CommitmentRecord | null => {
  let members: readonly JsonMember[]
  try {
    members = parseMembers(text)
  } catch {
    return null
  }
  const own = members.find((member) => member.key === 'storage')
  if (own === undefined) return { kind: 'foreign', fields }
  const isObject = own.text.startsWith('{')
  const storage = isObject ? parseMembers(own.text) : []
  const hf = storage.find((member) => member.key === 'hf')?.value
  const repository = typeof hf === 'string' && repositoryProblem(hf) === null ? hf : null
  return { kind: 'json', fields, decoding: readPolicyJson(own.value), members, storage, repository }
}

/** The record that starts at a field which looks like the beginning of JSON; it may go on over the next fields. */
const readJson = (fields: readonly CommitmentField[], start: number): CommitmentRecord => {
  const run: CommitmentField[] = []
  const chunks: Uint8Array[] = []
  let ours = false
  for (const field of fields.slice(start)) {
    if (field.kind === 'foreign') break
    run.push(field)
    chunks.push(field.bytes)
    const text = textOf(chunks)
    const record = text === null ? null : jsonRecord([...run], text)
    if (record !== null) return record
    ours ||= text !== null && /^\s*\{\s*"storage"/.test(text)
  }
  if (!ours) return { kind: 'foreign', fields: run.slice(0, 1) }
  const problem = 'the JSON is broken, cut off, too deep or has a key twice'
  // Only the first field: what follows may be somebody else's.
  const decoding: PolicyDecoding = { kind: 'invalid', problem }
  return { kind: 'json', fields: run.slice(0, 1), decoding, members: [], storage: [], repository: null }
}

/** Cuts the fields of a commitment into our records and everybody else's. Never throws; drops nothing. */
export const readRecords = (fields: readonly CommitmentField[]): readonly CommitmentRecord[] => {
  const records: CommitmentRecord[] = []
  for (let at = 0; at < fields.length;) {
    const field = fields[at] as CommitmentField
    const text = field.kind === 'foreign' ? null : textOf([field.bytes])
    const first = field.kind === 'foreign' ? null : strictStart(field.bytes)
    const compact = text === null ? null : readCompact(text)
    const record: CommitmentRecord =
      compact?.kind === 'pointer'
        ? { kind: 'pointer', fields: [field], repository: compact.repository }
        : compact?.kind === 'policy'
          ? { kind: 'compact', fields: [field], decoding: compact.decoding }
          : first === '{'
            ? readJson(fields, at)
            : { kind: 'foreign', fields: [field] }
    records.push(record)
    at += record.fields.length
  }
  return records
}

/** First character that is not JSON white space; a chunk may end inside a character, so bytes are looked at. */
const strictStart = (bytes: Uint8Array): string | null => {
  const byte = bytes.find((b) => b !== 0x20 && b !== 0x09 && b !== 0x0a && b !== 0x0d)
  return byte === undefined ? null : String.fromCharCode(byte)
}
