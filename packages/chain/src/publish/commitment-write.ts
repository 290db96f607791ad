import { u8aConcat, u8aToHex } from '@polkadot/util'
import { type CommitmentField, type CommitmentLimits, type EncodedCommitment, RolloutError } from '@sluice/rollout'
import type { Connection } from '../connection.ts'
import { ChainError } from '../errors.ts'
import { commitmentLimits } from './limits.ts'
import { readCommitmentOf } from '../subnet/policy-record.ts'
import { encodeInfo } from '../subnet/registration.ts'
import { checkSpace } from './space.ts'
import { u16 } from '../state-read.ts'

/** What goes into one hotkey's commitment, with every check of the chain made beforehand. */
export interface CommitmentWrite {
  /** What is in the commitment now. */
  readonly current: readonly CommitmentField[]
  /** Block of the last write, null without one. */
  readonly commitmentBlock: number | null
  /** What will be in the commitment: foreign fields kept. */
  readonly fields: readonly CommitmentField[]
  readonly encoding: 'json' | 'compact'
  /** Content bytes of all fields. */
  readonly bytes: number
  /** Bytes the epoch still allows this hotkey after the write; null on runtimes that limit writes by blocks instead. */
  readonly spaceLeft: number | null
  /** The call to sign, SCALE as 0x hex. */
  readonly callHex: string
}

export interface CommitmentRequest {
  readonly netuid: number
  readonly hotkey: string
  readonly head: { readonly block: number; readonly hash: string }
  /** The new content, given the current one; null when nothing has to change. */
  encode(current: readonly CommitmentField[], limits: CommitmentLimits): EncodedCommitment | null
}

/**
 * Reads the commitment, encodes the new content and checks what the chain will check. Null when `encode` finds nothing to do.
 * @throws ChainError NOT_REGISTERED, DOES_NOT_FIT, NO_SPACE, RATE_LIMITED, UNSUPPORTED_RUNTIME
 */
export async function prepareWrite(
  connection: Connection,
  request: CommitmentRequest,
  signal?: AbortSignal,
): Promise<CommitmentWrite | null> {
  const { api } = connection
  const { netuid, hotkey, head } = request
  const limits = commitmentLimits(api)
  const commitment = await readCommitmentOf(connection, netuid, hotkey, head.hash, signal)
  const encoded = encodeOrRefuse(() => request.encode(commitment.fields, limits))
  if (encoded === null) return null
  if (!commitment.registered) {
    throw new ChainError(
      'NOT_REGISTERED',
      `${hotkey} has no UID in subnet ${netuid}, and the chain takes commitments of registered hotkeys only ` +
        `(AccountNotAllowedCommit). Register it, for example with "btcli subnet register --netuid ${netuid}".`,
    )
  }
  if (encoded.fields.length > limits.maxFields) {
    throw new ChainError(
      'DOES_NOT_FIT',
      `The commitment would have ${encoded.fields.length} fields, this runtime takes ${limits.maxFields}; ` +
        'shorten the value or clear what else is in the commitment.',
    )
  }
  const { bytes, encoding, fields } = encoded
  const spaceLeft = await checkSpace(
    connection,
    { netuid, hotkey, block: head.block, blockHash: head.hash, bytes },
    signal,
  )
  const callIndex = api.tx['commitments']?.['setCommitment']?.callIndex
  if (callIndex === undefined) {
    throw new ChainError(
      'UNSUPPORTED_RUNTIME',
      'This chain has no Commitments.set_commitment; use a Subtensor endpoint.',
    )
  }
  const callHex = u8aToHex(u8aConcat(callIndex, u16(netuid), encodeInfo(api, fields)))
  return { current: commitment.fields, commitmentBlock: commitment.block, fields, encoding, bytes, spaceLeft, callHex }
}

/** The codec's refusals in this package's error class; other errors of it are the caller's mistakes and pass. */
function encodeOrRefuse<T>(encode: () => T): T {
  try {
    return encode()
  } catch (error) {
    if (RolloutError.is(error) && error.code === 'DOES_NOT_FIT') {
      throw new ChainError('DOES_NOT_FIT', error.message, { cause: error })
    }
    throw error
  }
}
