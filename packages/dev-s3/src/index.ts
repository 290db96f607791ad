export type { S3FaultKind, S3Faults } from './faults.ts'
export { type DevS3, type S3ServerOptions, startS3Server } from './server.ts'
