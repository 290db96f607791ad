import type { Hotkey } from '@sluice/hotkey'
import {
  ChainError,
  type ChainInUse,
  hotkeyFromUri,
  loadHotkey,
  planPublication,
  publishPolicy,
  readMetagraph,
  readPolicyRecord,
  type PolicyPublication,
  type Publication,
  type Published,
} from '@sluice/chain'
import { chainText, openWithPassword } from '@sluice/command-line'
import { diffPolicies, policyToJson, type PolicyChange } from '@sluice/rollout'
import { type Change, planChange } from './change.ts'
import { failureOf } from './errors.ts'
import type { ChangeFlags } from './flags.ts'
import { countHeads, countJson, countSentence, type Head, type HeadCount, headsUnder, movement } from './heads.ts'
import type { Connected } from './connect.ts'
import { fieldTexts } from './show.ts'

/** The hotkey that flags or variables name; its password is asked for where a person can answer. */
const openWallet = async ({ terminal, signal }: Connected, flags: ChangeFlags): Promise<Hotkey> => {
  const { walletPath, walletName = 'default', hotkeyName = 'default', hotkeyUri, password } = flags
  if (hotkeyUri !== undefined) return await hotkeyFromUri(hotkeyUri)
  const lock = { name: `${walletName}/${hotkeyName}`, password, variable: 'SLUICE_WALLET_PASSWORD' }
  const open = async (password: string | undefined): Promise<Hotkey> =>
    await loadHotkey({ walletPath, walletName, hotkeyName, password })
  return await openWithPassword(terminal, lock, open, signal)
}

interface Preview {
  readonly change: Change
  readonly differences: readonly PolicyChange[]
  readonly joins: readonly Head[]
  readonly leaves: readonly Head[]
  readonly counts: readonly [before: HeadCount, after: HeadCount]
  readonly publication: Publication
}

const show = ({ terminal, where }: Connected, netuid: number, preview: Preview): void => {
  const { differences, joins, leaves, publication } = preview
  terminal.title(`Change to the storage policy of subnet ${netuid} (as of finalized block ${publication.block})`)
  terminal.line(`Chain:  ${chainText(where())}`)
  terminal.table(
    ['field', 'before', 'after'],
    differences.map(({ field, before, after }) => [field, before, after]),
  )
  const moves = [
    ...joins.map((head) => ['joins S3', head] as const),
    ...leaves.map((head) => ['leaves S3', head] as const),
  ]
  if (moves.length > 0) {
    terminal.table(
      ['move', 'uid', 'role', 'hotkey'],
      moves.map(([move, head]) => [move, String(head.uid), head.role, head.hotkey]),
    )
  }
  terminal.line(`${joins.length} join, ${leaves.length} leave.`)
  terminal.line(`Before: ${countSentence(preview.counts[0])}`)
  terminal.line(`After:  ${countSentence(preview.counts[1])}`)
  const foreign = publication.fields.filter((field) => publication.current.some((old) => old === field)).length
  const left = publication.spaceLeft === null ? '' : `, ${publication.spaceLeft} bytes left in this epoch afterwards`
  terminal.line(`Commitment: ${publication.bytes} bytes, ${publication.encoding} encoding${left}.`)
  if (foreign > 0) terminal.line(`${foreign} field(s) of other uses in the commitment stay as they are.`)
}

const showCall = ({ terminal }: Connected, publication: Publication): void => {
  terminal.table(
    ['field', 'type', 'content'],
    fieldTexts(publication.fields).map(({ type, content }, at) => [String(at), type, content]),
  )
  terminal.line(`Call (Commitments.set_commitment): ${publication.callHex}`)
  terminal.line(`Signer: ${publication.signer}`)
  terminal.line('Dry run: nothing was sent.')
}

const headJson = ({ uid, hotkey, role }: Head): object => ({ uid, hotkey, role })

const previewJson = (netuid: number, preview: Preview, where: ChainInUse): object => {
  const { change, counts, differences, joins, leaves, publication } = preview
  return {
    netuid,
    ...where,
    block: publication.block,
    changes: differences,
    warnings: change.warnings,
    joins: joins.map(headJson),
    leaves: leaves.map(headJson),
    heads_before: countJson(counts[0]),
    heads_after: countJson(counts[1]),
    storage: policyToJson(change.after),
    encoding: publication.encoding,
    bytes: publication.bytes,
    space_left: publication.spaceLeft,
    signer: publication.signer,
  }
}

/** Once something is on its way, "nothing was changed" would be a guess. @throws ChainError as `publishPolicy` */
const send = async (
  { chain, terminal, signal }: Connected,
  request: Pick<PolicyPublication, 'netuid' | 'hotkey' | 'policy' | 'basedOn'>,
): Promise<Published> => {
  let sent = false
  const onProgress = (step: string): void => {
    sent = true
    terminal.line(`… ${step}`)
    terminal.event({ event: 'publish', step })
  }
  try {
    return await publishPolicy(chain, { ...request, onProgress }, signal)
  } catch (error) {
    if (!sent || (ChainError.is(error) && failureOf(error)?.kind === 'unfinished')) throw error
    throw new ChainError(
      'NOT_CONFIRMED',
      'The change was sent, but what became of it is not known. It may still take effect within some minutes: ' +
        `look with "sluice-config get --netuid ${request.netuid}" before you repeat it.`,
      { cause: error },
    )
  }
}

/**
 * `set` and `rollout`: read, merge, check, show, ask, publish. Nothing is sent before every check has passed and somebody
 * has said yes.
 */
export const publish = async (connected: Connected, flags: ChangeFlags): Promise<void> => {
  const { chain, terminal, signal, ask, where } = connected
  const { netuid, walletName, hotkeyName, hotkeyUri } = flags
  const isNamed = walletName !== undefined || hotkeyName !== undefined || hotkeyUri !== undefined
  const hotkey = flags.dryRun && !isNamed ? null : await openWallet(connected, flags)

  const record = await ask(readPolicyRecord(chain, netuid, signal))
  const change = planChange(record.decoding, flags, record.block)
  const differences = diffPolicies(change.before, change.after)
  if (differences.length === 0) {
    terminal.object({ netuid, ...where(), block: record.block, changes: [], published: null })
    terminal.line('The policy on chain says this already. Nothing to do.')
    return
  }

  const metagraph = await ask(readMetagraph(chain, netuid, signal))
  const before = headsUnder(change.before, metagraph)
  const after = headsUnder(change.after, metagraph)
  const counts = [countHeads(before), countHeads(after)] as const
  const signer = hotkey?.address ?? record.ownerHotkey
  const basedOn = record.commitmentBlock
  const publication = await ask(planPublication(chain, { netuid, signer, policy: change.after, basedOn }, signal))
  const whole: Preview = { change, differences, ...movement(before, after), counts, publication }
  show(connected, netuid, whole)
  for (const warning of change.warnings) terminal.warn(warning)

  if (flags.dryRun || hotkey === null) {
    const dry = { dry_run: true, fields: fieldTexts(publication.fields), call: publication.callHex, published: null }
    terminal.object({ ...previewJson(netuid, whole, where()), ...dry })
    showCall(connected, publication)
    return
  }
  if (!flags.yes) await terminal.confirm(`Publish this as ${hotkey.address}?`, signal)

  const done = await send(connected, { netuid, hotkey, policy: change.after, basedOn })
  const published = { block: done.block, block_hash: done.blockHash, extrinsic_hash: done.extrinsicHash }
  terminal.object({ ...previewJson(netuid, whole, where()), published })
  terminal.line(`Published in block ${done.block} (${done.blockHash}), extrinsic ${done.extrinsicHash}.`)
  terminal.line('Miners and validators act on it as soon as they read that block.')
}
