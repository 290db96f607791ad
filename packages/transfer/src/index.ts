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
