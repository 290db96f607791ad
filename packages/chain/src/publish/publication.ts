import { publicKeyOf } from '@sluice/hotkey'
import { type Policy, type PolicyDecoding, decodePolicy, encodePolicy } from '@sluice/rollout'
import type { Chain } from '../chain.ts'
import { finalizedHash } from '../connection.ts'
import { ChainError } from '../errors.ts'
import { checkNetuid, readOwners } from '../subnet/policy-record.ts'
import { type CommitmentWrite, prepareWrite } from './commitment-write.ts'

export interface PublicationRequest {
  readonly netuid: number
  /** ss58 of the hotkey that would sign. */
  readonly signer: string
  readonly policy: Policy
  /**
   * Block of the commitment that the policy was made from, null for none: when the commitment has been written since, the
   * request is refused instead of undoing that write. Left out: whatever is there is replaced.
   */
  readonly basedOn?: number | null | undefined
}

/** A policy's commitment that has passed every check the chain will make; nothing has been sent. */
export interface Publication extends CommitmentWrite {
  readonly netuid: number
  readonly signer: string
  readonly ownerHotkey: string
  readonly ownerColdkey: string
  /** The finalized block at which all checks were made. */
  readonly block: number
  readonly blockHash: string
  /** What the commitment means now. */
  readonly currentDecoding: PolicyDecoding
}

/**
 * Makes every check before anything is signed: the signer is the subnet's owner hotkey and has a UID, the value fits the
 * runtime's commitment and the epoch's budget. Sends nothing.
 * @throws ChainError WRONG_SIGNER, CHANGED, NOT_REGISTERED, DOES_NOT_FIT, NO_SPACE, RATE_LIMITED, NO_SUBNET
 * @throws RolloutError BAD_POLICY; HotkeyError
 */
export async function planPublication(
  chain: Chain,
  request: PublicationRequest,
  signal?: AbortSignal,
): Promise<Publication> {
  const { netuid, signer, policy } = request
  checkNetuid(netuid)
  return await chain.use(async (connection) => {
    const blockHash = await finalizedHash(connection, signal)
    const owners = await readOwners(connection, netuid, blockHash, signal)
    const head = { block: owners.block, hash: blockHash }
    checkSigner(request, owners)
    const write = await prepareWrite(
      connection,
      { netuid, hotkey: owners.ownerHotkey, head, encode: (current, limits) => encodePolicy(policy, current, limits) },
      signal,
    )
    // Only a null from `encode` gives a null here, and encodePolicy has none.
    const prepared = write as CommitmentWrite
    if (request.basedOn !== undefined && request.basedOn !== prepared.commitmentBlock) {
      throw new ChainError(
        'CHANGED',
        `The commitment of ${owners.ownerHotkey} was written again in the meantime (block ` +
          `${prepared.commitmentBlock ?? 'none'}). Nothing was sent; look at it and decide again.`,
      )
    }
    const currentDecoding = decodePolicy(prepared.current)
    return { ...prepared, ...owners, netuid, signer, blockHash, currentDecoding }
  }, signal)
}

function checkSigner(
  { netuid, signer }: PublicationRequest,
  { ownerHotkey, ownerColdkey }: { ownerHotkey: string; ownerColdkey: string },
): void {
  if (sameKey(signer, ownerHotkey)) return
  const who = sameKey(signer, ownerColdkey)
    ? `${signer} is the owner's COLDKEY; the chain takes commitments from registered hotkeys only ` +
      '(AccountNotAllowedCommit)'
    : `${signer} is not the owner hotkey; a policy under it would be ignored by every reader`
  throw new ChainError(
    'WRONG_SIGNER',
    `${who}. The policy of subnet ${netuid} must be signed by its owner hotkey ${ownerHotkey}: ` +
      'choose the wallet and hotkey that hold it.',
  )
}

/** The same account, whatever the ss58 prefix. @throws HotkeyError */
function sameKey(a: string, b: string): boolean {
  return Buffer.compare(publicKeyOf(a), publicKeyOf(b)) === 0
}
