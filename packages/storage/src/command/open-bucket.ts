import type { S3Transfer } from '@sluice/backends'
import type { Policy } from '@sluice/rollout'
import { type BucketAccess, type OpenBucket, openBucket } from '../bucket-access.ts'
import { accessFromSettings, type CliContext, configFromSettings, hotkeyFromSettings } from '../compose.ts'
import { StorageError } from '../errors.ts'
import type { Settings } from '../settings.ts'
import type { TransferFlags } from './file-flags.ts'

export interface TransferPlace {
  readonly transfer: S3Transfer
  /** `s3://bucket/data/hotkey=…/`, for people. */
  readonly where: string
}

/**
 * The bucket of the policy in force, below the miner's own prefix. Unfinished uploads are remembered beside the state
 * file.
 * @param use `write` only where the policy wants this miner to be
 * @throws StorageError `BAD_SETTINGS`; BackendError `UNTRUSTED`; ChainError
 */
export async function openPlace(
  settings: Settings,
  context: CliContext,
  flags: TransferFlags,
  use: 'read' | 'write',
): Promise<TransferPlace> {
  const hotkey = await hotkeyFromSettings(settings)
  const { snapshot, plan } = await configFromSettings(settings, context, hotkey)
  if (use === 'write' && !plan.required.includes('s3') && plan.standIn !== 's3') {
    const text = `this miner does not store in S3 (${plan.reason}); --force-s3 true does it all the same`
    throw new StorageError('BAD_SETTINGS', text)
  }
  const { where, transfer } = bucketOf({ ...accessFromSettings(settings), hotkey }, snapshot.policy)
  const { partSize, memoryBudget, concurrency, bandwidth, stallMs, checksums } = flags
  const checksum = checksums ? 'crc32' : 'none'
  const line = { partSize, memoryBudget, concurrency, bandwidth, stallMs, checksum } as const
  return { transfer: transfer({ ...line, journalFile: `${settings.stateFile}.transfers.sqlite` }), where }
}

/** A setting that is missing is one, whoever asks. */
function bucketOf(access: BucketAccess, policy: Policy): OpenBucket {
  try {
    return openBucket(access, policy)
  } catch (error) {
    throw StorageError.is(error) ? new StorageError('BAD_SETTINGS', error.message, { cause: error }) : error
  }
}
