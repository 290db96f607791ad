import { type Policy, decodePointer, encodePointer } from '@sluice/rollout'
import type { Chain } from '../chain.ts'
import { type Published, confirmAt, confirmByState, isEndpointTrouble } from './confirm.ts'
import { finalizedHead } from '../connection.ts'
import { throwIfAborted } from '../deadline.ts'
import { ChainError } from '../errors.ts'
import type { Hotkey } from '@sluice/hotkey'
import { checkNetuid } from '../subnet/policy-record.ts'
import { planPublication } from './publication.ts'
import { type CommitmentWrite, prepareWrite } from './commitment-write.ts'
import { type SubmitProgress, sendAndWatch, signCall } from './submit.ts'

export interface SubmitOptions {
  readonly onProgress?: ((progress: SubmitProgress) => void) | undefined
  /** Time from signing to a confirmed, finalized block, milliseconds; default 180,000. */
  readonly timeoutMs?: number | undefined
  /** Pause between looks at the state once the node no longer tells, milliseconds; default 3,000. */
  readonly pollMs?: number | undefined
}

export interface PolicyPublication extends SubmitOptions {
  readonly netuid: number
  /** The subnet's owner hotkey. */
  readonly hotkey: Hotkey
  readonly policy: Policy
  /** As in `PublicationRequest`. */
  readonly basedOn?: number | null | undefined
}

/**
 * Writes the policy into the owner hotkey's commitment and comes back when it is finalized and reads back the same.
 * Everything `planPublication` checks is checked before anything is signed.
 * @throws ChainError as `planPublication`, and REFUSED, DISPATCH_FAILED, NOT_CONFIRMED, OVERWRITTEN, ABORTED
 */
export async function publishPolicy(
  chain: Chain,
  request: PolicyPublication,
  signal?: AbortSignal,
): Promise<Published> {
  const { netuid, hotkey, policy, basedOn } = request
  const write = await planPublication(chain, { netuid, signer: hotkey.address, policy, basedOn }, signal)
  return await writeCommitment(chain, netuid, hotkey, write, request, signal)
}

export interface PointerPublication extends SubmitOptions {
  readonly netuid: number
  /** The miner's hotkey; free of charge, an empty account is enough. */
  readonly hotkey: Hotkey
  /** `namespace/name` of its HuggingFace dataset repository. */
  readonly repository: string
}

/**
 * Writes where the miner's HuggingFace data is into its own commitment; null when it is there already.
 * @throws ChainError NOT_REGISTERED, DOES_NOT_FIT, NO_SPACE, RATE_LIMITED, REFUSED, DISPATCH_FAILED, NOT_CONFIRMED
 * @throws RolloutError when `repository` is no repository name
 */
export async function publishPointer(
  chain: Chain,
  request: PointerPublication,
  signal?: AbortSignal,
): Promise<Published | null> {
  const { netuid, hotkey, repository } = request
  checkNetuid(netuid)
  const write = await chain.use(async (connection) => {
    const head = await finalizedHead(connection, signal)
    return await prepareWrite(
      connection,
      {
        netuid,
        hotkey: hotkey.address,
        head,
        encode: (current, limits) =>
          decodePointer(current) === repository ? null : encodePointer(repository, current, limits),
      },
      signal,
    )
  }, signal)
  return write === null ? null : await writeCommitment(chain, netuid, hotkey, write, request, signal)
}

/** Signs, sends, and stays until the write is confirmed on the finalized chain. */
export async function writeCommitment(
  chain: Chain,
  netuid: number,
  hotkey: Hotkey,
  write: CommitmentWrite,
  options: SubmitOptions,
  signal: AbortSignal | undefined,
): Promise<Published> {
  const { onProgress = () => undefined, timeoutMs = 180_000, pollMs = 3000 } = options
  const call = await chain.use(async (connection) => await signCall(connection, write.callHex, hotkey, signal), signal)
  const pending = { netuid, hotkey: hotkey.address, write, call }
  const overdue = new AbortController()
  const timer = setTimeout(() => overdue.abort(), timeoutMs)
  const stop = (): void => overdue.abort()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    const blockHash = await chain.use(
      async (connection) => await sendAndWatch(connection, call, onProgress, overdue.signal),
      signal,
    )
    throwIfAborted(signal)
    const limit = { pollMs, overdue: overdue.signal }
    if (blockHash === null) return await confirmByState(chain, pending, limit, signal)
    try {
      return await chain.use(async (connection) => await confirmAt(connection, pending, blockHash, signal), signal)
    } catch (error) {
      // Another endpoint may not have that block yet; its state will tell in a moment.
      if (!ChainError.is(error) || !isEndpointTrouble(error)) throw error
      return await confirmByState(chain, pending, limit, signal)
    }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
