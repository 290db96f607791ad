import { createBucketTransfer } from '@sluice/backends'
import { CommandError, type Context } from '@sluice/command-line'
import type { Policy } from '@sluice/rollout'
import type { NodeTransfer } from '@sluice/transfer/node'
import { type BucketKeys, type OpenBucket, openBucket } from '../bucket-access.ts'
import { StorageError } from '../errors.ts'
import { type BucketSettings, readProxies, stateFileOf } from '../settings.ts'
import type { PutFlags } from './file-flags.ts'
import { accessFromSettings, configFromSettings, hotkeyFromSettings } from './from-settings.ts'
import { quietly } from './log-lines.ts'
import { refusedOverride } from './text.ts'

export interface TransferPlace {
  readonly transfer: NodeTransfer
  /** `s3://bucket/data/hotkey=…/`, for people. */
  readonly where: string
}

type Line = Partial<Pick<PutFlags, 'partSize' | 'bandwidth' | 'concurrency' | 'memory' | 'stall' | 'noChecksums'>>

/**
 * The bucket of the policy in force, below the miner's own prefix. Unfinished uploads are remembered beside the state
 * file.
 * @param use `write` only where the policy wants this miner to be
 * @throws CommandError `USAGE`; StorageError `BAD_SETTINGS`; BackendError `UNTRUSTED`; ChainError
 */
export async function openPlace(
  settings: BucketSettings,
  context: Context,
  line: Line,
  use: 'read' | 'write',
): Promise<TransferPlace> {
  const keys = accessFromSettings(settings)
  const hotkey = await hotkeyFromSettings(settings, context)
  const { snapshot, plan } = await configFromSettings(settings, quietly(context), hotkey)
  if (use === 'write' && !plan.required.includes('s3') && plan.standIn !== 's3') {
    const wayOut =
      keys.s3 === undefined
        ? 'wait until the policy sends it there: the gateway would refuse it too'
        : '--force-s3 true does it all the same'
    throw new CommandError('USAGE', `this miner does not store in S3 (${plan.reason}); ${wayOut}`)
  }
  const refused = use === 'write' ? refusedOverride(settings, plan) : null
  if (refused !== null) context.terminal.warn(refused)
  const { where, access } = bucketOf({ ...keys, hotkey, proxies: readProxies(context.environment) }, snapshot.policy)
  const { partSize, memory: memoryBudget, concurrency, bandwidth, stall, noChecksums = false } = line
  const stallMs = stall === undefined ? undefined : stall * 1000
  const checksum = noChecksums ? 'none' : 'crc32'
  const choice = { partSize, memoryBudget, concurrency, bandwidth, stallMs, checksum } as const
  const journalFile = `${stateFileOf(settings)}.transfers.sqlite`
  return { transfer: createBucketTransfer(access(), { ...choice, journalFile }), where }
}

/** A setting that is missing is one, whoever asks. */
function bucketOf(keys: BucketKeys, policy: Policy): OpenBucket {
  try {
    return openBucket(keys, policy)
  } catch (error) {
    throw StorageError.is(error) ? new StorageError('BAD_SETTINGS', error.message, { cause: error }) : error
  }
}
