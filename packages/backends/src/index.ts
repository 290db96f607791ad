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
export type { BucketAccess } from './bucket/access.ts'
export { type BucketBackendOptions, createBucketBackend } from './bucket/backend.ts'
export { type BucketTransferOptions, createBucketTransfer } from './bucket/transfer.ts'
export { createDirectAccess, type DirectAccessOptions } from './bucket/direct-access.ts'
export { createGatewayAccess, type GatewayAccessOptions } from './bucket/gateway-access.ts'
export type { GatewayClientOptions } from './bucket/gateway-client.ts'
export { createGatewayReader, type GatewayReader } from './bucket/reader.ts'
export { createTrust, type Trust, type TrustOptions } from './trust/endpoint-trust.ts'
export { checkKey, checkPrefix } from './port/key.ts'
export { readContent, throwIfAborted } from './port/content.ts'
export { resolveRange } from './port/range.ts'
export { readAll, streamOf } from './port/stream.ts'
export { createHuggingFaceBackend, type HuggingFaceBackendOptions } from './huggingface/backend.ts'
export type { DatasetCard } from './huggingface/card-facts.ts'
export { updateDatasetCard } from './huggingface/card.ts'
export { huggingFaceNamespace, type HuggingFaceNamespaceOptions } from './huggingface/namespace.ts'
export type { HuggingFaceRepositoryOptions } from './huggingface/repository.ts'
