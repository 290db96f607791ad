export type { HubUser } from './accounts.ts'
export type { HubFaultKind, HubFaults } from './faults.ts'
export { type DevHub, type HubOptions, type HubRequest, startHub } from './server.ts'
