export type { AskGateway, GatewayOptions, Question } from './call.ts'
export { createGatewaySessions, type Gateway, openGateway } from './sessions.ts'
export { completeUpload, signReads } from '../routes.ts'
