import type { Connection } from '../connection.ts'
import { ChainError } from '../errors.ts'
import { constant } from './limits.ts'
import { type StorageItem, decodeValue, hasItem, item, readRaw } from '../state-read.ts'

/** Every write counts at least this much against the epoch's budget (`pallets/commitments/src/lib.rs`). */
const minimumCost = 100

export interface SpaceQuestion {
  readonly netuid: number
  readonly hotkey: string
  readonly block: number
  readonly blockHash: string
  /** Content bytes of all fields. */
  readonly bytes: number
}

/**
 * Bytes left for this hotkey in the current epoch after a write of `bytes`; null on runtimes that limit writes by blocks.
 * @throws ChainError NO_SPACE or RATE_LIMITED when the chain would refuse the write now
 */
export async function checkSpace(
  connection: Connection,
  question: SpaceQuestion,
  signal?: AbortSignal,
): Promise<number | null> {
  const { api } = connection
  if (hasItem(api, 'commitments', 'usedSpaceOf') && hasItem(api, 'commitments', 'maxSpace')) {
    return await checkBudget(connection, question, signal)
  }
  return await checkRate(connection, question, signal)
}

/** Runtimes before spec 248: one write per so many blocks; a constant first (spec 218), a storage value later. */
async function checkRate(
  connection: Connection,
  { netuid, hotkey, block, blockHash }: SpaceQuestion,
  signal: AbortSignal | undefined,
): Promise<null> {
  const { api } = connection
  if (!hasItem(api, 'commitments', 'lastCommitment')) return null
  const stored = hasItem(api, 'commitments', 'rateLimit') ? [item('commitments', 'rateLimit')] : []
  const items = [item('commitments', 'lastCommitment', netuid, hotkey), ...stored]
  const [last, rate] = await readDefaulted(connection, items, blockHash, signal)
  const limit = Number(rate ?? constant(api, 'rateLimit') ?? 0)
  if (last == null) return null
  const lastBlock = Number(last)
  // The write lands in the next block at the earliest.
  const wait = lastBlock + limit - (block + 1)
  if (wait > 0) {
    throw new ChainError(
      'RATE_LIMITED',
      `This runtime takes one commitment per ${limit} blocks; ${hotkey} wrote at block ${lastBlock}. ` +
        `Try again in ${wait} blocks.`,
      { retryable: true },
    )
  }
  return null
}

async function checkBudget(
  connection: Connection,
  { netuid, hotkey, block, blockHash, bytes }: SpaceQuestion,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { api } = connection
  const counter = hasItem(api, 'subtensorModule', 'subnetEpochIndex')
  const items = [
    item('commitments', 'maxSpace'),
    item('commitments', 'usedSpaceOf', netuid, hotkey),
    item('subtensorModule', 'tempo', netuid),
    ...(counter ? [item('subtensorModule', 'subnetEpochIndex', netuid)] : []),
  ]
  const [maxSpace, usage, tempo, epochCounter] = await readDefaulted(connection, items, blockHash, signal)
  // Before the counter existed: (block + netuid + 1) / (tempo + 1), for the block the write will be in.
  const epoch = counter ? Number(epochCounter ?? 0) : Math.floor((block + 1 + netuid + 1) / (Number(tempo ?? 0) + 1))
  const { lastEpoch, usedSpace } = (usage ?? {}) as { lastEpoch?: number; usedSpace?: number }
  const used = lastEpoch === epoch ? (usedSpace ?? 0) : 0
  const left = Number(maxSpace) - used - Math.max(minimumCost, bytes)
  if (left < 0) {
    const nextEpoch = (Number(tempo ?? 0) + 1) * (epoch + 1) - netuid - 1
    const when = counter ? `at the next epoch (every ${String(tempo)} blocks)` : `in ${nextEpoch - block} blocks`
    throw new ChainError(
      'NO_SPACE',
      `${hotkey} has used ${used} of the ${String(maxSpace)} bytes that one epoch allows for commitments, and this ` +
        `write needs ${Math.max(minimumCost, bytes)}. Try again ${when}.`,
      { retryable: true },
    )
  }
  return left
}

/** Decoded values; an unset one reads as the default that the metadata holds, an optional one as null. */
async function readDefaulted(
  connection: Connection,
  items: readonly StorageItem[],
  blockHash: string,
  signal: AbortSignal | undefined,
): Promise<readonly unknown[]> {
  const { api } = connection
  const values = await readRaw(connection, items, blockHash, signal)
  return items.map((of, index) => {
    const meta = api.query[of.pallet]?.[of.item]?.creator.meta
    const raw = values[index] ?? (meta?.modifier.isDefault === true ? meta.fallback.toU8a(true) : null)
    return raw === null ? null : decodeValue(api, of, raw).toJSON()
  })
}
