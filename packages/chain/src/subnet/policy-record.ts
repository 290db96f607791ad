import { type CommitmentField, type PolicyDecoding, decodePolicy } from '@sluice/rollout'
import type { Chain } from '../chain.ts'
import { type Connection, finalizedHash } from '../connection.ts'
import { ChainError } from '../errors.ts'
import { decodeRegistration } from './registration.ts'
import { decodeValue, item, readRaw } from '../state-read.ts'

/** What the chain says about a subnet's policy at one finalized block. */
export interface PolicyRecord {
  readonly netuid: number
  /** The finalized block at which everything here was read. */
  readonly block: number
  readonly blockHash: string
  /** ss58 of the hotkey whose commitment is the policy. */
  readonly ownerHotkey: string
  readonly ownerColdkey: string
  /** Whether the owner hotkey has a UID now; without one it cannot change its commitment. */
  readonly ownerRegistered: boolean
  readonly fields: readonly CommitmentField[]
  readonly decoding: PolicyDecoding
  /** Block of the commitment's last write; null without a commitment. */
  readonly commitmentBlock: number | null
}

/**
 * Reads the policy that counts: the commitment of the subnet's owner hotkey, and nobody else's, with three small calls
 * at one finalized block: the newest, or the one that is given.
 * @throws ChainError NO_SUBNET, UNSUPPORTED_RUNTIME, PROTOCOL and whatever the connection fails with
 */
export async function readPolicyRecord(
  chain: Chain,
  netuid: number,
  signal?: AbortSignal,
  at?: string,
): Promise<PolicyRecord> {
  checkNetuid(netuid)
  return await chain.use(async (connection) => {
    const blockHash = at ?? (await finalizedHash(connection, signal))
    const owners = await readOwners(connection, netuid, blockHash, signal)
    const commitment = await readCommitmentOf(connection, netuid, owners.ownerHotkey, blockHash, signal)
    return {
      netuid,
      blockHash,
      ...owners,
      ownerRegistered: commitment.registered,
      fields: commitment.fields,
      decoding: decodePolicy(commitment.fields),
      commitmentBlock: commitment.block,
    }
  }, signal)
}

/** Who owns a subnet at a block. */
export interface Owners {
  /** The block's number, read from its own state. */
  readonly block: number
  readonly ownerHotkey: string
  readonly ownerColdkey: string
}

/** One call. @throws ChainError NO_SUBNET */
export async function readOwners(
  connection: Connection,
  netuid: number,
  blockHash: string,
  signal?: AbortSignal,
): Promise<Owners> {
  const { api } = connection
  const items = ['networksAdded', 'subnetOwner', 'subnetOwnerHotkey'].map((name) =>
    item('subtensorModule', name, netuid),
  )
  const [added, coldkey, hotkey, number] = await readRaw(
    connection,
    [...items, item('system', 'number')],
    blockHash,
    signal,
  )
  // The two owner entries read as a default account when unset, so existence is asked for by itself.
  if (added?.[0] !== 1 || coldkey == null || hotkey == null) {
    throw new ChainError(
      'NO_SUBNET',
      `Subnet ${netuid} does not exist on this chain; check the netuid and the network.`,
    )
  }
  return {
    block: number == null ? 0 : Number(decodeValue(api, { pallet: 'system', item: 'number' }, number).toJSON()),
    ownerHotkey: decodeValue(api, { pallet: 'subtensorModule', item: 'subnetOwnerHotkey' }, hotkey).toString(),
    ownerColdkey: decodeValue(api, { pallet: 'subtensorModule', item: 'subnetOwner' }, coldkey).toString(),
  }
}

/** One hotkey's commitment in one subnet. */
export interface Commitment {
  readonly registered: boolean
  readonly fields: readonly CommitmentField[]
  /** Block of the last write, null without one. */
  readonly block: number | null
}

export async function readCommitmentOf(
  connection: Connection,
  netuid: number,
  hotkey: string,
  blockHash: string,
  signal?: AbortSignal,
): Promise<Commitment> {
  const items = [item('commitments', 'commitmentOf', netuid, hotkey), item('subtensorModule', 'uids', netuid, hotkey)]
  const [commitment, uid] = await readRaw(connection, items, blockHash, signal)
  const registered = uid != null
  if (commitment == null) return { registered, fields: [], block: null }
  return { registered, ...decodeRegistration(connection.api, commitment) }
}

/** @throws ChainError NO_SUBNET for anything but an integer of 16 bits */
export function checkNetuid(netuid: number): void {
  if (!Number.isInteger(netuid) || netuid < 0 || netuid > 0xffff) {
    throw new ChainError('NO_SUBNET', `A netuid is an integer from 0 to 65535, not ${netuid}.`)
  }
}
