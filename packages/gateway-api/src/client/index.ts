export type { AskGateway, GatewayOptions, Question } from './call.ts'
export { listPages } from './listing.ts'
export { type Gateway, openGateway } from './sessions.ts'
export { deleteObjects, listObjects, signReads } from '../routes.ts'
