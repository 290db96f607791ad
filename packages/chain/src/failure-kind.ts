import type { ChainErrorCode } from './errors.ts'

/** What a program's user has to do about a failure; a program ends with one exit code per kind. */
export type FailureKind = 'usage' | 'refused' | 'wallet' | 'key' | 'room' | 'unreachable' | 'unfinished' | 'interrupted'

/** The kind of every failure of this package. */
export const failureKinds: Readonly<Record<ChainErrorCode, FailureKind>> = {
  BAD_ENDPOINT: 'usage',
  UNREACHABLE: 'unreachable',
  WRONG_CHAIN: 'unreachable',
  TIMEOUT: 'unreachable',
  TLS: 'unreachable',
  PROXY: 'unreachable',
  DISCONNECTED: 'unreachable',
  ABORTED: 'interrupted',
  CLOSED: 'unreachable',
  NODE_ERROR: 'unreachable',
  PROTOCOL: 'unreachable',
  UNSUPPORTED_RUNTIME: 'unreachable',
  NO_SUBNET: 'unreachable',
  WRONG_SIGNER: 'key',
  NOT_REGISTERED: 'key',
  DOES_NOT_FIT: 'room',
  CHANGED: 'refused',
  NO_SPACE: 'room',
  RATE_LIMITED: 'room',
  REFUSED: 'unfinished',
  DISPATCH_FAILED: 'unfinished',
  NOT_CONFIRMED: 'unfinished',
  OVERWRITTEN: 'unfinished',
  NO_WALLET: 'wallet',
  BAD_WALLET: 'wallet',
  PASSWORD_REQUIRED: 'wallet',
  BAD_PASSWORD: 'wallet',
  BAD_KEY_URI: 'wallet',
}
