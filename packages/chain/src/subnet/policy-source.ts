import type { PolicyDecoding, PolicySnapshot } from '@sluice/rollout'
import type { Chain, ChainLog } from '../chain.ts'
import { ChainError } from '../errors.ts'
import { type LastGood, readLastGood, writeLastGood } from './last-good.ts'
import { type PolicyRecord, checkNetuid, readPolicyRecord } from './policy-record.ts'

export interface PolicySourceOptions {
  readonly chain: Chain
  readonly netuid: number
  /** JSON file that keeps the last good policy; without it, it is kept in memory only. */
  readonly lastGoodFile?: string | undefined
  readonly log?: ChainLog | undefined
}

/** The policy as the subnet's owner published it, as far as it can be known. */
export interface PolicySource {
  /**
   * The chain's policy; else the last good one, with a warning that says why; else null.
   * @param blockHash a finalized block to read it at; default the newest
   * @throws ChainError ABORTED, CLOSED; nothing else
   */
  read(signal?: AbortSignal, blockHash?: string): Promise<PolicySnapshot | null>
}

/** @throws ChainError NO_SUBNET for an impossible netuid */
export function createPolicySource(options: PolicySourceOptions): PolicySource {
  const { chain, netuid, lastGoodFile, log = () => undefined } = options
  checkNetuid(netuid)
  let memory: LastGood | null = null

  /** What is known from before, for this subnet of this chain. */
  const remembered = async (warnings: string[]): Promise<LastGood | null> => {
    if (memory !== null || lastGoodFile === undefined) return memory
    const { value, problem } = await readLastGood(lastGoodFile)
    if (problem !== null) warnings.push(problem)
    if (value === null) return null
    if (value.netuid !== netuid || (chain.genesisHash !== null && value.genesisHash !== chain.genesisHash)) {
      warnings.push(`${lastGoodFile} is of another subnet or chain and is ignored.`)
      return null
    }
    memory = value
    return value
  }

  const remember = async (value: LastGood, warnings: string[]): Promise<void> => {
    memory = value
    if (lastGoodFile === undefined) return
    try {
      await writeLastGood(lastGoodFile, value)
    } catch (error) {
      warnings.push(`The last good policy cannot be kept in ${lastGoodFile}: ${(error as Error).message}.`)
    }
  }

  const read = async (signal?: AbortSignal, blockHash?: string): Promise<PolicySnapshot | null> => {
    const warnings: string[] = []
    let record: PolicyRecord | null = null
    try {
      record = await readPolicyRecord(chain, netuid, signal, blockHash)
    } catch (error) {
      if (ChainError.is(error) && (error.code === 'ABORTED' || error.code === 'CLOSED')) throw error
      warnings.push(error instanceof Error ? error.message : String(error))
    }
    const known = await remembered(warnings)
    if (record !== null && !record.ownerRegistered) {
      warnings.push(
        `The owner hotkey ${record.ownerHotkey} has no UID in subnet ${netuid}; it cannot change its policy.`,
      )
    }
    const problem = record === null ? null : problemOf(record, known)
    if (problem !== null) warnings.push(problem)
    if (record?.decoding.kind === 'policy' && record.commitmentBlock !== null && problem === null) {
      const { block, blockHash, ownerHotkey, commitmentBlock, decoding } = record
      const genesisHash = chain.genesisHash ?? ''
      const { policy } = decoding
      await remember({ netuid, genesisHash, ownerHotkey, block, blockHash, commitmentBlock, policy }, warnings)
      const snapshot = {
        policy,
        origin: 'chain',
        block,
        blockHash,
        warnings: [...decoding.warnings, ...warnings],
      } as const
      tell(snapshot.warnings)
      return snapshot
    }
    if (known !== null) {
      warnings.push(`The last good policy, read at block ${known.block}, stays in force.`)
      tell(warnings)
      return { policy: known.policy, origin: 'last-good', block: known.block, blockHash: known.blockHash, warnings }
    }
    tell(warnings)
    return null
  }

  const tell = (warnings: readonly string[]): void => {
    for (const warning of warnings) log('warn', warning)
  }

  return { read }
}

/** Why what the chain holds must not be taken as the policy; null when it may. */
function problemOf(record: PolicyRecord, known: LastGood | null): string | null {
  const { netuid, ownerHotkey, commitmentBlock, block } = record
  // A new owner hotkey starts with a commitment of any block, but not at a block before the one that is known.
  if (known !== null && known.ownerHotkey !== ownerHotkey && block < known.block) {
    return (
      `The endpoint shows another owner hotkey, ${ownerHotkey}, at block ${block}, before the known block ` +
      `${known.block}; it is behind or was rolled back, and is not believed.`
    )
  }
  if (
    known !== null &&
    known.ownerHotkey === ownerHotkey &&
    commitmentBlock !== null &&
    commitmentBlock < known.commitmentBlock
  ) {
    return (
      `The endpoint shows a policy of block ${commitmentBlock}, older than the known one of block ` +
      `${known.commitmentBlock}; it is behind or was rolled back, and is not believed.`
    )
  }
  return unreadable(record.decoding, `The owner hotkey ${ownerHotkey} of subnet ${netuid}`)
}

function unreadable(decoding: PolicyDecoding, who: string): string | null {
  if (decoding.kind === 'policy') return null
  if (decoding.kind === 'absent') return `${who} has published no policy.`
  if (decoding.kind === 'invalid') return `${who} has published something unreadable: ${decoding.problem}.`
  return `${who} has published a policy of version ${decoding.version}, which this program does not know; update it.`
}
