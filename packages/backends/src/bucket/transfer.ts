import { createNodeTransfer, type NodeTransfer, type NodeTransferOptions } from '@sluice/transfer/node'
import type { BucketAccess } from './access.ts'

export type BucketTransferOptions = Omit<NodeTransferOptions, 'sessions' | 'sender' | 'now' | 'callMs' | 'completeMs'>

const USUAL_MEMORY = 64 * 1024 ** 2

/** Resumable transfers of single files, for those too large to start anew. @throws TransferError */
export function createBucketTransfer(access: BucketAccess, options: BucketTransferOptions = {}): NodeTransfer {
  const { sessions, createSender, callMs, completeMs, now } = access
  // One part at least must fit.
  const memoryBudget = options.memoryBudget ?? Math.max(USUAL_MEMORY, options.partSize ?? 0)
  return createNodeTransfer({ ...options, memoryBudget, sessions, callMs, completeMs, now, sender: createSender() })
}
