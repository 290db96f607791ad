export { type ChainErrorCode, type ChainErrorOptions, ChainError } from './errors.ts'
export { type FailureKind, failureKinds } from './failure-kind.ts'
export { type EndpointChoice, knownGenesis, resolveEndpoints } from './endpoints.ts'
export { type ChainInUse, chainInUse } from './in-use.ts'
export { type Chain, type ChainLog, type ChainOptions, openChain } from './chain.ts'
export type { Connection } from './connection.ts'
export { hotkeyFromUri } from './wallet/hotkey.ts'
export { type WalletChoice, loadHotkey } from './wallet/wallet.ts'
export { type PolicyRecord, readPolicyRecord } from './subnet/policy-record.ts'
export { type PolicySource, type PolicySourceOptions, createPolicySource } from './subnet/policy-source.ts'
export { type Publication, type PublicationRequest, planPublication } from './publish/publication.ts'
export type { CommitmentWrite } from './publish/commitment-write.ts'
export {
  type PointerPublication,
  type PolicyPublication,
  type SubmitOptions,
  publishPointer,
  publishPolicy,
} from './publish/publish.ts'
export type { Published } from './publish/confirm.ts'
export type { SubmitProgress } from './publish/submit.ts'
export { readPointers } from './subnet/pointers.ts'
export { readMetagraph } from './subnet/metagraph.ts'
export type { Metagraph, Neuron } from './subnet/neuron.ts'
export { type NeuronStanding, readStandings, type Standings } from './subnet/standings.ts'
