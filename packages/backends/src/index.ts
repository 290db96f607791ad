export type {
  ByteRange,
  CallOptions,
  FailedPut,
  OpenedObject,
  PutObject,
  StorageBackend,
  StoredCopy,
  StoredObject,
} from './backend.ts'
export { BackendError, type BackendErrorCode } from './errors.ts'
export { createDirectoryBackend, type DirectoryBackendOptions } from './directory.ts'
export { createMemoryBackend, type MemoryBackendOptions } from './memory.ts'
export { createS3Backend, type S3BackendOptions } from './s3.ts'
export type { S3Credentials } from '@sluice/transfer/node'
export { createS3Transfer, type S3Transfer, type S3TransferOptions } from './s3-transfer.ts'
export { createGatewayBackend, type GatewayBackendOptions } from './gateway.ts'
export type { GatewayClientOptions } from './gateway-client.ts'
export { createGatewayReader, type GatewayReader } from './gateway-reads.ts'
export { createGatewayTransfer, type GatewayTransferOptions } from './gateway-transfer.ts'
export { createTrust, type Trust, type TrustOptions } from './endpoint-trust.ts'
export { checkKey, checkPrefix } from './key.ts'
export { readContent } from './content.ts'
export { readAll } from './stream.ts'
export { createHuggingFaceBackend, type HuggingFaceBackendOptions } from './huggingface.ts'
export { type DatasetCard, updateDatasetCard } from './huggingface-card.ts'
export { huggingFaceNamespace, type HuggingFaceNamespaceOptions } from './huggingface-namespace.ts'
export type { HuggingFaceRepositoryOptions } from './huggingface-repository.ts'
// The miner's side moves files through this package and imports nothing below it.
export { planUpload, type DownloadResult, type TransferEvent, TransferError, type UploadResult } from '@sluice/transfer'
export { fromPath, toPath, toStream } from '@sluice/transfer/node'
