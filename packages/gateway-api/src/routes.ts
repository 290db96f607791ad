import type { z } from 'zod'
import {
  type CompleteBody,
  completeBody,
  type CompleteReply,
  completeReply,
  type DeleteBody,
  deleteBody,
  type DeleteReply,
  deleteReply,
  type DownloadReply,
  downloadReply,
  type InitBody,
  initBody,
  type InitReply,
  initReply,
  type ListBody,
  listBody,
  type ListReply,
  listReply,
  type OpenQuery,
  openQuery,
  type OpenReply,
  openReply,
  type PartsQuery,
  partsQuery,
  type PartsReply,
  partsReply,
  type PartUrlBody,
  partUrlBody,
  type PartUrlReply,
  partUrlReply,
  type ReadListBody,
  readListBody,
  type ReadUrlsBody,
  readUrlsBody,
  type ReadUrlsReply,
  readUrlsReply,
  type StatReply,
  statReply,
  type UploadQuery,
  uploadQuery,
  type UrlBody,
  urlBody,
  type UrlReply,
  urlReply,
} from './schemas.ts'

/** One question of the native API: where it goes, what it takes and what it answers. `undefined` = nothing of the kind. */
export interface ApiRoute<Body, Query, Reply> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Ends in `/*` when a key follows. */
  readonly path: string
  readonly body?: z.ZodType<Body>
  readonly query?: z.ZodType<Query>
  /** Absent: the answer is 204 and empty. */
  readonly reply?: z.ZodType<Reply>
}

export const signPut: ApiRoute<UrlBody, undefined, UrlReply> = {
  method: 'POST',
  path: '/uploads/url',
  body: urlBody,
  reply: urlReply,
}
export const openUpload: ApiRoute<InitBody, undefined, InitReply> = {
  method: 'POST',
  path: '/uploads/multipart/init',
  body: initBody,
  reply: initReply,
}
export const signParts: ApiRoute<PartUrlBody, undefined, PartUrlReply> = {
  method: 'POST',
  path: '/uploads/multipart/part-url',
  body: partUrlBody,
  reply: partUrlReply,
}
export const listParts: ApiRoute<undefined, PartsQuery, PartsReply> = {
  method: 'GET',
  path: '/uploads/multipart/parts',
  query: partsQuery,
  reply: partsReply,
}
export const completeUpload: ApiRoute<CompleteBody, undefined, CompleteReply> = {
  method: 'POST',
  path: '/uploads/multipart/complete',
  body: completeBody,
  reply: completeReply,
}
export const abortUpload: ApiRoute<undefined, UploadQuery, undefined> = {
  method: 'DELETE',
  path: '/uploads/multipart/abort',
  query: uploadQuery,
}
export const listUploads: ApiRoute<undefined, OpenQuery, OpenReply> = {
  method: 'GET',
  path: '/uploads/multipart/list',
  query: openQuery,
  reply: openReply,
}
export const statObject: ApiRoute<undefined, undefined, StatReply> = {
  method: 'GET',
  path: '/uploads/stat/*',
  reply: statReply,
}
export const signGet: ApiRoute<undefined, undefined, DownloadReply> = {
  method: 'GET',
  path: '/uploads/download/*',
  reply: downloadReply,
}
export const listObjects: ApiRoute<ListBody, undefined, ListReply> = {
  method: 'POST',
  path: '/uploads/list',
  body: listBody,
  reply: listReply,
}
export const deleteObjects: ApiRoute<DeleteBody, undefined, DeleteReply> = {
  method: 'POST',
  path: '/uploads/delete',
  body: deleteBody,
  reply: deleteReply,
}
export const listOthers: ApiRoute<ReadListBody, undefined, ListReply> = {
  method: 'POST',
  path: '/reads/list',
  body: readListBody,
  reply: listReply,
}
export const signReads: ApiRoute<ReadUrlsBody, undefined, ReadUrlsReply> = {
  method: 'POST',
  path: '/reads/urls',
  body: readUrlsBody,
  reply: readUrlsReply,
}
