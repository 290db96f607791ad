import { HotkeyError, type VerifySignature } from '@sluice/hotkey'
import { type Signed, SigningError, verifyRfc9421 } from '@sluice/signing'
import type { Admission } from './admission.ts'
import { GatewayError } from './errors.ts'
import type { Exchange } from './http/route.ts'
import type { Limits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import { stateful } from './state/stateful.ts'
import { CLOCK_SKEW_MS, type State, type Taken } from './state/state.ts'

/** Turns signed requests into hotkeys; the same for every scheme but for how a signature is read. */
export interface Authenticator {
  /** The native scheme. @throws GatewayError 401, 403, 429, 503 */
  native(exchange: Exchange): Promise<string>
  /**
   * Any scheme: verifies, asks that the hotkey is registered, and takes the request's nonce and one of the hotkey's tokens.
   * Nothing is stored for a request whose signature does not hold, or for keys that anybody can make up.
   */
  accept(exchange: Exchange, verify: (verifySignature: VerifySignature) => Signed): Promise<string>
  /** Counts a request for its address; before anything is computed. @throws GatewayError TOO_MANY */
  admitAddress(exchange: Exchange): Promise<void>
}

export interface AuthenticatorOptions {
  readonly state: State
  readonly admission: Admission
  readonly limits: Limits
  readonly verifySignature: VerifySignature
  readonly metrics: Metrics
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { state, admission, limits, verifySignature, metrics } = options

  const measured: VerifySignature = (...input) => {
    const end = metrics.verifySeconds.startTimer()
    try {
      return verifySignature(...input)
    } finally {
      end()
    }
  }
  const accept: Authenticator['accept'] = async (exchange, verify) => {
    let signed: Signed
    try {
      signed = verify(measured)
    } catch (error) {
      throw refusalOf(error)
    }
    const { address, nonce, validUntil } = signed
    exchange.hotkey = address
    admission.member(address)
    // For longer than its window: a gateway whose clock is behind would still take what this one has forgotten.
    const once = { name: `${address}:${nonce}`, until: validUntil + CLOCK_SKEW_MS }
    // Whoever sends a captured request again and again takes nothing from its signer.
    const taken = await stateful(state.takeOnce(once, `hotkey:${address}`, limits.perHotkey, exchange.now))
    if (taken === 'known') {
      throw new GatewayError('REPLAYED', 'This request was already accepted once; sign every attempt anew.')
    }
    requireToken(taken)
    return address
  }

  return {
    accept,
    native: async (exchange) => {
      const { method, headers, body } = exchange.request
      const { url, now } = exchange
      return await accept(exchange, (verifySignature) =>
        verifyRfc9421({ method, url, headers, body }, { now, verifySignature }),
      )
    },
    admitAddress: async ({ request, now }) => {
      requireToken(await stateful(state.take(`address:${request.address}`, limits.perAddress, now)))
    },
  }
}

function requireToken(taken: Taken): void {
  if (taken.ok) return
  const retryAfterSeconds = Math.max(1, Math.ceil(taken.retryAfterMs / 1000))
  throw new GatewayError('TOO_MANY', 'Too many requests; send fewer.', { retryAfterSeconds })
}

function refusalOf(error: unknown): unknown {
  if (HotkeyError.is(error)) return new GatewayError('BAD_SIGNATURE', error.message)
  if (!SigningError.is(error)) return error
  const isTime = error.code === 'EXPIRED' || error.code === 'NOT_YET'
  return new GatewayError(isTime ? 'EXPIRED' : 'BAD_SIGNATURE', error.message)
}
