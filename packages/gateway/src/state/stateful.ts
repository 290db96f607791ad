import { GatewayError } from '../errors.ts'

/** A state that does not answer refuses; it never lets anybody in. @throws GatewayError STORE_UNAVAILABLE */
export async function stateful<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw new GatewayError('STORE_UNAVAILABLE', 'The gateway’s own state does not answer; try again.', { cause: error })
  }
}
