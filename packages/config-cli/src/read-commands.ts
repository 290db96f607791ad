import { publicKeyOf } from '@sluice/hotkey'
import { ChainError, planPublication, readMetagraph, readPolicyRecord, type PolicyRecord } from '@sluice/chain'
import { decide, defaultPolicy, slotCount } from '@sluice/rollout'
import { chainText } from '@sluice/command-line'
import type { ExplainFlags, ReadFlags } from './flags.ts'
import { countHeads, countJson, countSentence, type Head, headsUnder } from './heads.ts'
import type { Connected } from './connect.ts'
import { recordJson, showRecord } from './show.ts'

/** `get`: the policy as it is on chain. */
export const get = async (connected: Connected, flags: ReadFlags): Promise<void> => {
  const { chain, terminal, signal, ask, where } = connected
  const record = await ask(readPolicyRecord(chain, flags.netuid, signal))
  terminal.object(recordJson(record, where()))
  showRecord(connected, record)
}

/** Bytes the owner hotkey may still write in this epoch; null on runtimes that count blocks instead. */
const spaceLeft = async (
  { chain, signal, ask }: Connected,
  record: PolicyRecord,
): Promise<{ readonly bytes: number | null; readonly note: string }> => {
  const policy = record.decoding.kind === 'policy' ? record.decoding.policy : defaultPolicy
  try {
    const request = { netuid: record.netuid, signer: record.ownerHotkey, policy }
    const plan = await ask(planPublication(chain, request, signal))
    if (plan.spaceLeft === null)
      return { bytes: null, note: 'this runtime limits writes by blocks; one is possible now' }
    // The plan says what is left after a write; the chain counts 100 bytes at least.
    const cost = Math.max(100, plan.bytes)
    const bytes = plan.spaceLeft + cost
    return { bytes, note: `${bytes} bytes left in this epoch, ${Math.floor(bytes / cost)} writes of this size` }
  } catch (error) {
    const codes = ['NO_SPACE', 'RATE_LIMITED', 'NOT_REGISTERED', 'DOES_NOT_FIT']
    if (!ChainError.is(error) || !codes.includes(error.code)) throw error
    return { bytes: error.code === 'NO_SPACE' ? 0 : null, note: error.message }
  }
}

const placesOf = ({ required }: Head): string =>
  required.map((name) => (name === 's3' ? 'S3' : 'HuggingFace')).join(' and ') || 'nowhere'

/** `status`: policy, who is on S3, and whether another change is possible now. */
export const status = async (connected: Connected, flags: ReadFlags): Promise<void> => {
  const { chain, terminal, signal, ask, where } = connected
  const record = await ask(readPolicyRecord(chain, flags.netuid, signal))
  const metagraph = await ask(readMetagraph(chain, flags.netuid, signal))
  const space = await spaceLeft(connected, record)
  const { decoding } = record
  // What miners do under a policy that cannot be read depends on what each of them read before.
  const policy = decoding.kind === 'policy' ? decoding.policy : decoding.kind === 'absent' ? defaultPolicy : null
  const heads = headsUnder(policy, metagraph)
  const count = countHeads(heads)
  terminal.object({
    ...recordJson(record, where()),
    heads: policy === null ? null : countJson(count),
    on_s3:
      policy === null ? null : heads.filter(({ onS3 }) => onS3).map(({ uid, hotkey, role }) => ({ uid, hotkey, role })),
    space_left: space.bytes,
    space_note: space.note,
  })
  showRecord(connected, record)
  terminal.line(
    `Heads:         ${policy === null ? 'by their last good policy, which the chain does not tell' : countSentence(count)}`,
  )
  terminal.line(`Commitment:    ${space.note}`)
  terminal.table(
    ['uid', 'hotkey', 'role', 'stores on'],
    heads.map((head) => [String(head.uid), head.hotkey, head.role, policy === null ? 'unknown' : placesOf(head)]),
  )
}

/** `explain HOTKEY`: why this hotkey is in or out, and what it has to do. */
export const explain = async (connected: Connected, flags: ExplainFlags): Promise<void> => {
  const { chain, terminal, signal, ask, where } = connected
  const { hotkey } = flags
  publicKeyOf(hotkey)
  const record = await ask(readPolicyRecord(chain, flags.netuid, signal))
  const metagraph = await ask(readMetagraph(chain, flags.netuid, signal))
  const key = publicKeyOf(hotkey).join()
  const uid = metagraph.neurons.find((neuron) => publicKeyOf(neuron.hotkey).join() === key)?.uid ?? null
  const policy = record.decoding.kind === 'policy' ? record.decoding.policy : defaultPolicy
  const plan = decide(policy, flags.netuid, hotkey, record.block)
  const origin = record.decoding.kind === 'policy' ? 'chain' : 'default'
  terminal.object({
    netuid: flags.netuid,
    ...where(),
    hotkey,
    uid,
    block: record.block,
    block_hash: record.blockHash,
    origin,
    decoding: record.decoding.kind,
    rule: policy.cohort,
    slots: slotCount(policy.cohort),
    slot: plan.slot,
    threshold: plan.threshold,
    percentage: plan.percentage,
    because: plan.because,
    in_cohort: plan.inCohort,
    required: plan.required,
    stand_in: plan.standIn ?? null,
    reason: plan.reason,
  })
  terminal.title(`${hotkey} in subnet ${flags.netuid}`)
  if (uid === null)
    terminal.warn(`This hotkey has no UID in subnet ${flags.netuid}; the answer holds once it is registered.`)
  if (origin === 'default') {
    terminal.warn(
      `No readable policy on chain (${record.decoding.kind}): the default holds, or a miner's last good one.`,
    )
  }
  terminal.table(
    ['what', 'value'],
    [
      ['uid', uid === null ? 'not registered' : String(uid)],
      ['chain', chainText(where())],
      ['block', String(record.block)],
      ['rule', `${policy.cohort}${policy.salt === '' ? '' : `, salt "${policy.salt}"`}`],
      ['slot', `${plan.slot} of ${slotCount(policy.cohort)}`],
      ['threshold', `below ${plan.threshold} (${plan.percentage} %)`],
      ['in the S3 cohort', plan.inCohort ? 'yes' : 'no'],
      ['must store on', plan.required.join(' and ')],
      ['stand-in', plan.standIn ?? '-'],
    ],
  )
  terminal.line(plan.reason)
}
