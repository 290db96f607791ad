import {
  createDirectSessions,
  createNodeTransfer,
  type NodeTransfer,
  type NodeTransferOptions,
  type S3Credentials,
} from '@sluice/transfer/node'
import { createTrust, type TrustOptions } from '../trust/endpoint-trust.ts'
import { createTrustedSender } from '../trust/trusted-fetch.ts'

export interface S3TransferOptions extends Omit<NodeTransferOptions, 'sessions'> {
  readonly bucket: string
  /** Put before every key; empty or ending with `/`. Default empty. */
  readonly prefix?: string | undefined
  /** Default `us-east-1`. */
  readonly region?: string | undefined
  /** Base URL of an S3-compatible store; null or absent = AWS. */
  readonly endpoint?: string | null | undefined
  readonly credentials: S3Credentials
  /** For an endpoint that comes from the chain: where it may lead. Default anywhere. */
  readonly trust?: TrustOptions | undefined
}

const USUAL_MEMORY = 64 * 1024 ** 2

export type S3Transfer = NodeTransfer

/**
 * Resumable transfers straight to a bucket, for files too large to start anew.
 * @throws TransferError; BackendError `UNTRUSTED`
 */
export function createS3Transfer(options: S3TransferOptions): S3Transfer {
  const { bucket, prefix = '', region, endpoint = null, credentials, trust: rules, ...rest } = options
  const trust = endpoint === null || rules === undefined ? null : createTrust(rules)
  if (endpoint !== null) trust?.check(endpoint)
  const sessions = createDirectSessions({
    bucket,
    prefix,
    credentials,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    lookup: trust?.lookup,
  })
  const sender = trust === null ? undefined : createTrustedSender(trust)
  // One part at least must fit.
  const memoryBudget = rest.memoryBudget ?? Math.max(USUAL_MEMORY, rest.partSize ?? 0)
  const transfer = createNodeTransfer({ ...rest, memoryBudget, sessions, sender })
  const close = (): void => {
    transfer.close()
    sessions.close()
  }
  return { ...transfer, close }
}
