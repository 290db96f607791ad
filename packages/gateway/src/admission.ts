import { GatewayError } from './errors.ts'
import type { KnownSubnet, Standing, Subnet } from './subnet.ts'

/** Who may do what. Nothing is ever allowed because something is not known. */
export interface Admission {
  /** A registered hotkey. @throws GatewayError NOT_REGISTERED, CHAIN_STALE */
  member(address: string): Standing
  /** A hotkey that may start to write now. @throws GatewayError also EXCLUDED, NOT_IN_COHORT */
  writer(address: string): Standing
  /** As `writer`, but what it has begun it may finish while the chain is away. */
  finisher(address: string): Standing
  /** A validator with enough stake. @throws GatewayError also NO_PERMIT */
  validator(address: string): Standing
}

export interface AdmissionOptions {
  readonly subnet: Subnet
  /** `cohort`: whom the policy sends to S3. `registered`: every registered hotkey, for a subnet without a policy. */
  readonly admit: 'cohort' | 'registered'
  /** What a validator must have staked at least, beside its permit; whole units, 0 = no floor. */
  readonly minValidatorStake: number
}

export function createAdmission({ subnet, admit, minValidatorStake }: AdmissionOptions): Admission {
  const known = (): KnownSubnet => {
    const current = subnet.current()
    if (current !== null) return current
    throw new GatewayError('CHAIN_STALE', 'The chain has not been read yet; try again.', { retryAfterSeconds: 10 })
  }
  const standingOf = ({ view }: KnownSubnet, address: string): Standing => {
    const standing = view.standings.get(address)
    if (standing !== undefined) return standing
    throw new GatewayError('NOT_REGISTERED', `The hotkey ${address} has no UID in this subnet at block ${view.block}.`)
  }
  const mayWrite = (current: KnownSubnet, address: string): Standing => {
    const standing = standingOf(current, address)
    if (admit === 'registered' || standing.mayWrite) return standing
    const reason = `${standing.reason} (block ${current.view.block})`
    throw new GatewayError(standing.excluded ? 'EXCLUDED' : 'NOT_IN_COHORT', reason)
  }
  return {
    member: (address) => standingOf(known(), address),
    writer: (address) => {
      const current = known()
      if (current.stale) {
        const text = 'The chain has not moved for too long, so no new uploads are opened; running ones may finish.'
        throw new GatewayError('CHAIN_STALE', text, { retryAfterSeconds: 30 })
      }
      return mayWrite(current, address)
    },
    finisher: (address) => mayWrite(known(), address),
    validator: (address) => {
      const standing = standingOf(known(), address)
      if (!standing.validatorPermit) {
        throw new GatewayError('NO_PERMIT', 'Only a hotkey with a validator permit may read the data of others.')
      }
      // A stake that is not known is not enough.
      if (minValidatorStake > 0 && (standing.stake ?? 0) < minValidatorStake) {
        const has = standing.stake === null ? 'the chain does not tell its stake' : `it has ${standing.stake}`
        throw new GatewayError('NO_PERMIT', `A validator needs a stake of ${minValidatorStake} here; ${has}.`)
      }
      return standing
    },
  }
}
