import { createS3Transfer, type S3Transfer } from '@sluice/backends'
import { hotkeyPrefix } from '@sluice/dataset'
import { type CliContext, configFromSettings } from './compose.ts'
import { StorageError } from './errors.ts'
import type { Settings } from './settings.ts'
import type { TransferFlags } from './transfer-flags.ts'

export interface TransferPlace {
  readonly transfer: S3Transfer
  /** `s3://bucket/data/hotkey=…/`, for people. */
  readonly where: string
}

/**
 * The bucket of the policy in force, below the miner's own prefix. Unfinished uploads are remembered beside the state
 * file.
 * @param use `write` only where the policy wants this miner to be
 * @throws StorageError `BAD_SETTINGS`; ChainError
 */
export async function openPlace(
  settings: Settings,
  context: CliContext,
  flags: TransferFlags,
  use: 'read' | 'write',
): Promise<TransferPlace> {
  const { accessKeyId, secretAccessKey, sessionToken, s3Endpoint, stateFile } = settings
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new StorageError('BAD_SETTINGS', 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  const { snapshot, plan, hotkey } = await configFromSettings(settings, context)
  const { bucketName: bucket, region, endpoint } = snapshot.policy.s3
  if (bucket === null) throw new StorageError('BAD_SETTINGS', 'no policy names an S3 bucket; set SLUICE_S3_BUCKET')
  if (use === 'write' && !plan.required.includes('s3') && plan.standIn !== 's3') {
    const text = `this miner does not store in S3 (${plan.reason}); --force-s3 true does it all the same`
    throw new StorageError('BAD_SETTINGS', text)
  }
  const prefix = hotkeyPrefix(hotkey)
  const transfer = createS3Transfer({
    bucket,
    prefix,
    region,
    endpoint: s3Endpoint ?? endpoint,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    journalFile: `${stateFile}.transfers.sqlite`,
    partSize: flags.partSize,
    memoryBudget: flags.memoryBudget,
    concurrency: flags.concurrency,
    bandwidth: flags.bandwidth,
    checksum: flags.checksums ? 'crc32' : 'none',
  })
  return { transfer, where: `s3://${bucket}/${prefix}` }
}
