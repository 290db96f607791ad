import type { ChainInUse, PolicyRecord } from '@sluice/chain'
import { chainText } from '@sluice/command-line'
import { diffPolicies, effectivePercentage, policyToJson, type CommitmentField } from '@sluice/rollout'
import type { Connected } from './connect.ts'

/** Bytes as text when they are printable ASCII, else as 0x hex. */
export const bytesAsText = (bytes: Uint8Array): string => {
  const isAscii = bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
  return isAscii ? new TextDecoder().decode(bytes) : `0x${Buffer.from(bytes).toString('hex')}`
}

/** A commitment's fields for people and JSON: printable content, else hex. */
export const fieldTexts = (fields: readonly CommitmentField[]): readonly { type: string; content: string }[] =>
  fields.map((field) =>
    field.kind === 'foreign'
      ? { type: field.type, content: `0x${Buffer.from(field.scale).toString('hex')}` }
      : { type: field.kind === 'raw' ? 'Raw' : 'BigRaw', content: bytesAsText(field.bytes) },
  )

/** What a policy record says, as plain data for --json. */
export const recordJson = (record: PolicyRecord, where: ChainInUse): Record<string, unknown> => {
  const { decoding } = record
  return {
    netuid: record.netuid,
    ...where,
    block: record.block,
    block_hash: record.blockHash,
    origin: decoding.kind === 'policy' ? 'chain' : 'default',
    owner_hotkey: record.ownerHotkey,
    owner_coldkey: record.ownerColdkey,
    owner_registered: record.ownerRegistered,
    commitment_block: record.commitmentBlock,
    decoding: decoding.kind,
    ...(decoding.kind === 'policy'
      ? {
          encoding: decoding.encoding,
          warnings: decoding.warnings,
          effective_percentage: effectivePercentage(decoding.policy, record.block),
          storage: policyToJson(decoding.policy),
        }
      : {}),
    ...(decoding.kind === 'invalid' ? { problem: decoding.problem } : {}),
    ...(decoding.kind === 'unsupported' ? { version: decoding.version } : {}),
  }
}

const stateOf = ({ decoding, commitmentBlock }: PolicyRecord): string => {
  if (decoding.kind === 'absent') return 'none published: HuggingFace only, 0 %'
  if (decoding.kind === 'invalid') return `not valid (${decoding.problem}): miners keep the last good policy`
  if (decoding.kind === 'unsupported') {
    return `version "${decoding.version}" is newer than this program: miners keep the last policy they could read`
  }
  return `published at block ${commitmentBlock ?? '?'} (${decoding.encoding} encoding)`
}

/** Policy, origin and block. */
export const showRecord = ({ terminal, where }: Connected, record: PolicyRecord): void => {
  const { decoding } = record
  terminal.title(`Storage policy of subnet ${record.netuid}`)
  terminal.line(`Policy:        ${stateOf(record)}`)
  terminal.line(`Chain:         ${chainText(where())}`)
  terminal.line(`Read at:       finalized block ${record.block} (${record.blockHash})`)
  terminal.line(`Owner hotkey:  ${record.ownerHotkey}`)
  if (!record.ownerRegistered) {
    terminal.warn(`The owner hotkey has no UID in subnet ${record.netuid}: it cannot publish until it is registered.`)
  }
  if (decoding.kind !== 'policy') return
  for (const warning of decoding.warnings) terminal.warn(warning)
  const rows = diffPolicies(null, decoding.policy).map(({ field, after }) => [field, after])
  const effective = effectivePercentage(decoding.policy, record.block)
  terminal.table(['field', 'value'], [...rows, ['percentage at this block', `${effective} %`]])
}
