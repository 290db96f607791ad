export { type ChainErrorCode, type ChainErrorOptions, ChainError } from './errors.ts'
export { type EndpointChoice, knownGenesis, resolveEndpoints } from './endpoints.ts'
export { type Chain, type ChainLog, type ChainOptions, openChain } from './chain.ts'
export type { Connection } from './connection.ts'
export { type Hotkey, hotkeyFromUri } from './hotkey.ts'
export { type WalletChoice, loadHotkey } from './wallet.ts'
export { type PolicyRecord, readPolicyRecord } from './policy-record.ts'
export { type PolicySource, type PolicySourceOptions, createPolicySource } from './policy-source.ts'
export { type Publication, type PublicationRequest, planPublication } from './publication.ts'
export type { SlotWrite } from './slot-write.ts'
export {
  type PointerPublication,
  type PolicyPublication,
  type SubmitOptions,
  publishPointer,
  publishPolicy,
} from './publish.ts'
export type { Published } from './confirm.ts'
export type { SubmitProgress } from './submit.ts'
export { readPointers } from './pointers.ts'
export { type Metagraph, type Neuron, readMetagraph } from './metagraph.ts'
export { readStandings, type Standing, type Standings } from './standings.ts'
