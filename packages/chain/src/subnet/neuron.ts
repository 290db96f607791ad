export interface Neuron {
  readonly uid: number
  /** ss58, prefix 42. Key everything by it: uids are reused. */
  readonly hotkey: string
  readonly coldkey: string | null
  readonly validatorPermit: boolean
  /** The stake that permits are given by, in rao (1e-9); null where the runtime does not tell. */
  readonly stake: bigint | null
}

/** Who is registered in a subnet at one finalized block. */
export interface Metagraph {
  readonly netuid: number
  readonly block: number
  readonly blockHash: string
  readonly ownerHotkey: string
  readonly ownerColdkey: string
  /** By uid, ascending. */
  readonly neurons: readonly Neuron[]
}
