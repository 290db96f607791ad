import { connectionFault } from '@sluice/http'
import { TransferError } from '../errors.ts'

/** Nothing moved for the stall time. */
export function stalled(stallMs: number): TransferError {
  const text = `Nothing moved for ${stallMs / 1000} s; the connection was cut. Check the network.`
  return new TransferError('TOO_SLOW', text, { retryable: true })
}

/** The other side broke the rules of HTTP, or what they are worth to us. */
export function misspoken(what: string): TransferError {
  return new TransferError('UNAVAILABLE', `The connection was ended: ${what}. Check the endpoint.`, { retryable: true })
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
  const lasting = lastingFault(null, error)
  if (lasting !== null) return lasting
  const text = `${connectionFault(error).text} Check the network and the endpoint.`
  return new TransferError('UNAVAILABLE', text, { retryable: true, cause: error })
}

/** A fault of TLS or of the proxy; null = another one. @param what what was tried, when that is known here */
export function lastingFault(what: string | null, error: unknown): TransferError | null {
  const { kind, retryable, text } = connectionFault(error)
  if (kind !== 'tls' && kind !== 'proxy') return null
  const begin = what === null ? '' : `Cannot ${what}. `
  return new TransferError(kind === 'tls' ? 'TLS' : 'PROXY', `${begin}${text}`, { retryable, cause: error })
}
