export type {
  ByteRange,
  CallOptions,
  FailedPut,
  OpenedObject,
  PutObject,
  StorageBackend,
  StoredCopy,
  StoredObject,
} from './port/storage-backend.ts'
export { BackendError, type BackendErrorCode } from './port/errors.ts'
export { createDirectoryBackend, type DirectoryBackendOptions } from './directory/backend.ts'
export { createMemoryBackend, type MemoryBackendOptions } from './memory.ts'
export { createS3Backend, type S3BackendOptions } from './s3.ts'
export type { S3Credentials } from '@sluice/transfer/node'
export { createS3Transfer, type S3Transfer, type S3TransferOptions } from './bucket/direct-transfer.ts'
export { createGatewayBackend, type GatewayBackendOptions } from './bucket/backend.ts'
export type { GatewayClientOptions } from './bucket/gateway-client.ts'
export { createGatewayReader, type GatewayReader } from './bucket/reader.ts'
export { createGatewayTransfer, type GatewayTransferOptions } from './bucket/gateway-transfer.ts'
export { createTrust, type Trust, type TrustOptions } from './trust/endpoint-trust.ts'
export { checkKey, checkPrefix } from './port/key.ts'
export { readContent } from './port/content.ts'
export { readAll } from './port/stream.ts'
export { createHuggingFaceBackend, type HuggingFaceBackendOptions } from './huggingface/backend.ts'
export type { DatasetCard } from './huggingface/card-facts.ts'
export { updateDatasetCard } from './huggingface/card.ts'
export { huggingFaceNamespace, type HuggingFaceNamespaceOptions } from './huggingface/namespace.ts'
export type { HuggingFaceRepositoryOptions } from './huggingface/repository.ts'
// The miner's side moves files through this package and imports nothing below it.
export { planUpload, type DownloadResult, type TransferEvent, TransferError, type UploadResult } from '@sluice/transfer'
export { fromPath, toPath, toStream } from '@sluice/transfer/node'
