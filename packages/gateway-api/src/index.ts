export { type GatewayErrorCode, statusOf } from './errors.ts'
export {
  abortUpload,
  type ApiRoute,
  completeUpload,
  deleteObjects,
  listObjects,
  listOthers,
  listParts,
  listUploads,
  openUpload,
  signGet,
  signParts,
  signPut,
  signReads,
  statObject,
} from './routes.ts'
export { errorReply, etag, headerText } from './schemas.ts'
