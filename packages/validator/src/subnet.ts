import type { PolicySnapshot } from '@sluice/rollout'

/** A hotkey of the subnet. */
export interface SubnetNeuron {
  readonly uid: number
  /** ss58 */
  readonly hotkey: string
  readonly validatorPermit: boolean
}

/** What the chain says at one time. */
export interface Subnet {
  readonly netuid: number
  readonly block: number
  readonly ownerHotkey: string
  readonly neurons: readonly SubnetNeuron[]
  readonly snapshot: PolicySnapshot
  /** HuggingFace repository (`namespace/name`) by hotkey; null = could not be read. */
  readonly pointers: ReadonlyMap<string, string> | null
}

/** Whether HuggingFace alone still counts as stored: before the policy's sunset block. */
export function huggingFaceCounts({ snapshot, block }: Subnet): boolean {
  const sunset = snapshot.policy.hfSunsetBlock
  return sunset === null || block < sunset
}
