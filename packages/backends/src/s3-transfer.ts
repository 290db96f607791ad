import {
  createDirectSessions,
  createNodeTransfer,
  type NodeTransfer,
  type NodeTransferOptions,
} from '@sluice/transfer/node'
import type { S3Credentials } from './s3-client.ts'

export interface S3TransferOptions extends Omit<NodeTransferOptions, 'sessions'> {
  readonly bucket: string
  /** Put before every key; empty or ending with `/`. Default empty. */
  readonly prefix?: string | undefined
  /** Default `us-east-1`. */
  readonly region?: string | undefined
  /** Base URL of an S3-compatible store; null or absent = AWS. */
  readonly endpoint?: string | null | undefined
  readonly credentials: S3Credentials
}

const USUAL_MEMORY = 64 * 1024 ** 2

export type S3Transfer = NodeTransfer

/** Resumable transfers straight to a bucket, for files too large to start anew. @throws TransferError */
export function createS3Transfer(options: S3TransferOptions): S3Transfer {
  const { bucket, prefix = '', region, endpoint = null, credentials, ...rest } = options
  const sessions = createDirectSessions({
    bucket,
    prefix,
    credentials,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
  })
  // One part at least must fit.
  const memoryBudget = rest.memoryBudget ?? Math.max(USUAL_MEMORY, rest.partSize ?? 0)
  const transfer = createNodeTransfer({ ...rest, memoryBudget, sessions })
  const close = (): void => {
    transfer.close()
    sessions.close()
  }
  return { ...transfer, close }
}
