import { TransferError } from '../errors.ts'

/** Nothing moved for the stall time. */
export function stalled(stallMs: number): TransferError {
  const text = `Nothing moved for ${stallMs / 1000} s; the connection was cut. Check the network.`
  return new TransferError('TOO_SLOW', text, { retryable: true })
}

/** Node names the URL, which holds a signature, in the causes of some of these. */
export function unsendable(error: unknown): TransferError {
  const { code } = error as { readonly code?: unknown }
  const text = `The signed request cannot be sent as it is (${String(code)}). Check the service that signed it.`
  return new TransferError('PROTOCOL', text, { retryable: false })
}

/** What went wrong with a connection; a TransferError stays what it is. */
export function networkError(error: unknown): TransferError {
  if (TransferError.is(error)) return error
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  const label = [code, name].find((text): text is string => typeof text === 'string' && /^\w{3,60}$/.test(text))
  const text = `The connection failed (${label ?? 'no reason given'}). Check the network and the endpoint.`
  return new TransferError('UNAVAILABLE', text, { retryable: true, cause: error })
}
