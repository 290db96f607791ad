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
export type { Body, Send, SendOptions, SlicedBody, WireReply, WireRequest } from './send.ts'
export type { Hashing, RunningHash } from './hashing.ts'
export type { OnEvent, PartEvent, ProgressEvent, RetryEvent, TransferEvent, TransferPhase } from './events.ts'
export type { OpenSource, Source } from './source.ts'
export type { Claim, ExpectedObject, Journal, JournalEntry, JournalPart } from './journal.ts'
export type { DownloadOptions, DownloadResult } from './download.ts'
export type { DownloadProof } from './download-proof.ts'
export { type DownloadedObject, type DownloadTarget, type OpenTarget, toWriter } from './download-target.ts'
export {
  type AbortOptions,
  createTransfer,
  type ListedUpload,
  type Transfer,
  type TransferOptions,
} from './transfer.ts'
export type { UploadOptions, UploadResult } from './upload-request.ts'
export type { Proof } from './part-reply.ts'
export { createPauseSwitch, type PauseSwitch } from './pause.ts'
export type { RetrySettings } from './retry.ts'
export type { Compress } from './engine.ts'
export { fromBlob, fromBytes, fromStream, type StreamOptions } from './sources.ts'
export { createFetchSend, type FetchSendOptions } from './fetch-send.ts'
export { createWasmHashing } from './wasm-hashing.ts'
export { createMemoryJournal } from './memory-journal.ts'
export { gzip, zstdFrames } from './compress.ts'
export { createHttpSessions, type HttpSessionsOptions } from './http-sessions.ts'
export { type AskGateway, createGatewayCaller, type GatewayOptions, type GatewayRequest } from './http-call.ts'
export { retryAfterOf, s3CodeOf, s3Failure } from './s3-errors.ts'
export { planUpload, type Plan, type PlanRequest } from './plan.ts'
