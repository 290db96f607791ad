import { createS3Transfer, type S3TransferOptions } from './s3-transfer.ts'
import { createTransferPut, type TransferPut } from './transfer-put.ts'

/** Large objects straight to a bucket, in parts that resume. */
export function createPutLarge(options: S3TransferOptions): TransferPut {
  return createTransferPut(() => createS3Transfer(options), options)
}
