export type { BucketKeys, S3Choice } from './bucket-access.ts'
export {
  type ChainChoice,
  type ConfigFromChainOptions,
  createConfigFromChainOrEnv,
  createStorageFromConfig,
  type HuggingFaceChoice,
  type StorageOptions,
} from './compose.ts'
export type { PolicySource, StorageConfig } from './policy/in-force.ts'
export { createDataUniverseSource, type DataUniverseOptions } from './export/data-universe.ts'
export {
  createDualStorage,
  type DualStorage,
  type DualStorageOptions,
  type EncodingKeys,
  type StorageLimits,
} from './dual-storage.ts'
export { StorageError, type StorageErrorCode } from './errors.ts'
export type { Log } from './log.ts'
export type { PointerPublisher } from './cycle/pointer.ts'
export type { FailedAttempt, Receipt, ReceiptCopy, SourceMetadata } from './receipt.ts'
export type { PartitionSummary, RowSource, Unplaceable } from './export/row-source.ts'
export { type BackendStatus, readStatus, type StorageStatus } from './status.ts'
export type { OpenTarget, Target } from './cycle/target.ts'
