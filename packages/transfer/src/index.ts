export { TransferError, type TransferErrorCode, type TransferErrorOptions } from './errors.ts'
export type {
  BucketSessions,
  CallOptions,
  ChecksumMode,
  CompletedPart,
  CompleteOptions,
  ListedObject,
  ObjectHead,
  OpenRequest,
  OpenUpload,
  PartToSign,
  ReadGrant,
  Session,
  SessionRef,
  SignedPart,
  SignedRequest,
  SingleRequest,
  StoredObject,
  StoredPart,
  UploadSessions,
} from './sessions/port.ts'
export type { Body, Send, SendOptions, SlicedBody, WireReply, WireRequest } from './sessions/send.ts'
export type { Hashing, RunningHash } from './source/hashing.ts'
export type { OnEvent, PartEvent, ProgressEvent, RetryEvent, TransferEvent, TransferPhase } from './pace/events.ts'
export type { OpenSource, Source } from './source/source.ts'
export type { Claim, ExpectedObject, Journal, JournalEntry, JournalPart } from './journal/port.ts'
export type { DownloadOptions, DownloadResult } from './download/download.ts'
export type { DownloadProof } from './download/proof.ts'
export { type DownloadedObject, type DownloadTarget, type OpenTarget, toWriter } from './download/target.ts'
export {
  type AbortOptions,
  createTransfer,
  type ListedUpload,
  type Transfer,
  type TransferOptions,
} from './transfer.ts'
export type { UploadOptions, UploadResult } from './upload/request.ts'
export type { Proof } from './upload/put-reply.ts'
export { createPauseSwitch, type PauseSwitch } from './pace/pause.ts'
export type { RetrySettings } from './pace/retry.ts'
export type { Compress } from './engine.ts'
export { fromBlob, fromBytes, fromStream, type StreamOptions } from './source/in-memory.ts'
export { createFetchSend, type FetchSendOptions } from './sessions/fetch-send.ts'
export { createWasmHashing } from './source/wasm-hashing.ts'
export { createMemoryJournal } from './journal/memory.ts'
export { gzip, zstdFrames } from './upload/compress.ts'
export { type ObjectStream, openObject, type OpenOptions } from './download/open.ts'
export { withDeadline } from './pace/deadline.ts'
export { retryAfterOf } from './sessions/s3-errors.ts'
export { planUpload, type Plan, type PlanRequest } from './upload/part-plan.ts'
