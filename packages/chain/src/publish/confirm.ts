import type { Chain } from '../chain.ts'
import { type Connection, finalizedHead } from '../connection.ts'
import { pause } from '../deadline.ts'
import { ChainError } from '../errors.ts'
import { readCommitmentOf } from '../subnet/policy-record.ts'
import { sameFields } from '../subnet/registration.ts'
import type { CommitmentWrite } from './commitment-write.ts'
import { decodeValue, item, readRaw } from '../state-read.ts'
import type { SignedCall } from './submit.ts'
import { isHash, readExtrinsics, readHeader } from '../wire.ts'

/** A write that is on the finalized chain, read back and compared. */
export interface Published {
  readonly block: number
  readonly blockHash: string
  readonly extrinsicHash: string
}

/** One write on its way. */
export interface PendingWrite {
  readonly netuid: number
  readonly hotkey: string
  readonly write: CommitmentWrite
  readonly call: SignedCall
}

/**
 * The finalized block holds the extrinsic: did the call succeed, and does the commitment hold our bytes?
 * @throws ChainError DISPATCH_FAILED, OVERWRITTEN
 */
export async function confirmAt(
  connection: Connection,
  pending: PendingWrite,
  blockHash: string,
  signal?: AbortSignal,
): Promise<Published> {
  const { call, netuid, hotkey, write } = pending
  const problem = await dispatchProblem(connection, call.hex, blockHash, signal)
  if (problem !== null) {
    throw new ChainError(
      'DISPATCH_FAILED',
      `The chain refused the commitment of ${hotkey} in block ${blockHash}: ${problem}. Nothing was written.`,
    )
  }
  const commitment = await readCommitmentOf(connection, netuid, hotkey, blockHash, signal)
  if (!sameFields(connection.api, commitment.fields, write.fields)) {
    throw new ChainError(
      'OVERWRITTEN',
      `The commitment of ${hotkey} was written in block ${blockHash}, but another write replaced it there. Read it again.`,
    )
  }
  const { number } = readHeader(await connection.send('chain_getHeader', [blockHash], signal))
  return { block: number, blockHash, extrinsicHash: call.hash }
}

/** The dispatch error of an extrinsic in a block, as `pallet.Error: meaning`; null when it succeeded. */
async function dispatchProblem(
  connection: Connection,
  extrinsic: string,
  blockHash: string,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { api } = connection
  const extrinsics = readExtrinsics(await connection.send('chain_getBlock', [blockHash], signal))
  const index = extrinsics.indexOf(extrinsic)
  const [raw] = await readRaw(connection, [item('system', 'events')], blockHash, signal)
  if (index < 0 || raw == null) {
    throw new ChainError('PROTOCOL', `${connection.name} named a block that does not hold the extrinsic.`)
  }
  const events = decodeValue(api, { pallet: 'system', item: 'events' }, raw) as unknown as Iterable<EventRecord>
  for (const { phase, event } of events) {
    if (!phase.isApplyExtrinsic || phase.asApplyExtrinsic.toNumber() !== index) continue
    if (event.section === 'system' && event.method === 'ExtrinsicSuccess') return null
    if (event.section === 'system' && event.method === 'ExtrinsicFailed') return explain(connection, event.data[0])
  }
  throw new ChainError('PROTOCOL', `${connection.name} tells no outcome for the extrinsic in ${blockHash}.`)
}

interface EventRecord {
  readonly phase: { readonly isApplyExtrinsic: boolean; readonly asApplyExtrinsic: { toNumber(): number } }
  readonly event: { readonly section: string; readonly method: string; readonly data: readonly unknown[] }
}

interface DispatchError {
  readonly isModule: boolean
  readonly asModule: Parameters<Connection['api']['registry']['findMetaError']>[0]
  toString(): string
}

function explain({ api }: Connection, error: unknown): string {
  const dispatch = error as DispatchError
  if (!dispatch.isModule) return dispatch.toString()
  const { section, name, docs } = api.registry.findMetaError(dispatch.asModule)
  return `${section}.${name}${docs.length > 0 ? ` (${docs.join(' ').trim()})` : ''}`
}

/**
 * Nobody tells any more what became of the extrinsic: send the same bytes again, which can take effect only once, and
 * look at the finalized state until it shows, cannot happen any more, or the time is over.
 * @throws ChainError DISPATCH_FAILED, NOT_CONFIRMED
 */
export async function confirmByState(
  chain: Chain,
  pending: PendingWrite,
  limit: { readonly pollMs: number; readonly overdue: AbortSignal },
  signal?: AbortSignal,
): Promise<Published> {
  const { call, hotkey } = pending
  for (let isSent = false; ;) {
    let trouble: ChainError | null = null
    try {
      const found = await chain.use(async (connection) => {
        const published = await lookForWrite(connection, pending, signal)
        if (published === null && !isSent) await resend(connection, call, signal)
        isSent = true
        return published
      }, signal)
      if (found !== null) return found
    } catch (error) {
      if (!ChainError.is(error) || !isEndpointTrouble(error)) throw error
      trouble = error
    }
    if (limit.overdue.aborted) {
      throw new ChainError(
        'NOT_CONFIRMED',
        `The commitment of ${hotkey} was sent (${call.hash}), but is not finalized in time. It can still be included up ` +
          `to block ${call.lastBlock}; read the commitment again before you repeat it. ${trouble?.message ?? ''}`.trim(),
        { retryable: true, cause: trouble ?? undefined },
      )
    }
    await pause(limit.pollMs, signal)
  }
}

/** The endpoints' trouble, not the chain's answer: a later look may succeed. */
export function isEndpointTrouble(error: ChainError): boolean {
  return ['UNREACHABLE', 'TIMEOUT', 'DISCONNECTED', 'NODE_ERROR', 'PROTOCOL'].includes(error.code)
}

async function lookForWrite(
  connection: Connection,
  { netuid, hotkey, write, call }: PendingWrite,
  signal: AbortSignal | undefined,
): Promise<Published | null> {
  const { api } = connection
  const head = await finalizedHead(connection, signal)
  const commitment = await readCommitmentOf(connection, netuid, hotkey, head.hash, signal)
  const isNewer = commitment.block !== null && commitment.block > (write.commitmentBlock ?? -1)
  if (commitment.block !== null && isNewer && sameFields(api, commitment.fields, write.fields)) {
    const blockHash = await connection.send('chain_getBlockHash', [commitment.block], signal)
    if (!isHash(blockHash)) throw new ChainError('PROTOCOL', `${connection.name} has no block ${commitment.block}.`)
    return { block: commitment.block, blockHash, extrinsicHash: call.hash }
  }
  const [account] = await readRaw(connection, [item('system', 'account', hotkey)], head.hash, signal)
  const nonce =
    account == null
      ? 0
      : (decodeValue(api, { pallet: 'system', item: 'account' }, account) as unknown as Account).nonce.toNumber()
  if (nonce > call.nonce) {
    throw new ChainError(
      isNewer ? 'OVERWRITTEN' : 'DISPATCH_FAILED',
      `The nonce of the extrinsic ${call.hash} is used up at block ${head.block}, but the commitment of ${hotkey} is not ` +
        'what was sent: the chain refused it, or another write of this hotkey came first. Read it and try again.',
    )
  }
  if (head.block > call.lastBlock) {
    throw new ChainError(
      'NOT_CONFIRMED',
      `The extrinsic ${call.hash} was not included up to block ${call.lastBlock} and never will be; try again.`,
      { retryable: true },
    )
  }
  return null
}

interface Account {
  readonly nonce: { toNumber(): number }
}

/** Known, stale or refused: the state tells the outcome, not this answer. */
async function resend(connection: Connection, call: SignedCall, signal: AbortSignal | undefined): Promise<void> {
  try {
    await connection.send('author_submitExtrinsic', [call.hex], signal)
  } catch (error) {
    if (!ChainError.is(error) || error.code !== 'NODE_ERROR') throw error
  }
}
