export type { RuntimeKind } from './chain/commitments.ts'
export type { Neuron } from './chain/genesis.ts'
export { type ChainNodeOptions, type DevChain, startChainNode } from './chain/node.ts'
