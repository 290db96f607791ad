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
