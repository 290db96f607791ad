import { createS3Transfer, type S3TransferOptions } from './bucket/direct-transfer.ts'
import { createTransferPut, type TransferPut } from './bucket/put.ts'

/** Large objects straight to a bucket, in parts that resume. */
export function createPutLarge(options: S3TransferOptions): TransferPut {
  return createTransferPut(() => createS3Transfer(options), options)
}
