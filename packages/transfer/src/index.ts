export { TransferError, type TransferErrorCode, type TransferErrorOptions } from './errors.ts'
export type {
  CallOptions,
  ChecksumMode,
  CompletedPart,
  CompleteOptions,
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
} from './sessions.ts'
export type { Send, SendOptions, WireReply, WireRequest } from './send.ts'
export type { Hashing, RunningHash } from './hashing.ts'
export type { OnEvent, PartEvent, ProgressEvent, RetryEvent, TransferEvent, TransferPhase } from './events.ts'
export type { OpenSource, Source } from './source.ts'
export type { ExpectedObject, Journal, JournalEntry, JournalPart } from './journal.ts'
export type { DownloadOptions, DownloadResult } from './download.ts'
export type { DownloadProof } from './download-proof.ts'
export { type DownloadedObject, type DownloadTarget, type OpenTarget, toWriter } from './download-target.ts'
export { createTransfer, type ListedUpload, type Transfer, type TransferOptions } from './transfer.ts'
export type { UploadOptions, UploadResult } from './upload-request.ts'
export type { Proof } from './part-reply.ts'
export { createPauseSwitch, type PauseSwitch } from './pause.ts'
export type { RetrySettings } from './retry.ts'
export type { Compress } from './engine.ts'
