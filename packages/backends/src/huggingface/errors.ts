import { HubApiError } from '@huggingface/hub'
import { connectionFault, faultCode } from '@sluice/http'

import { BackendError, type BackendErrorCode } from '../port/errors.ts'

/** Statuses after which the same request may succeed. */
const transient = new Set([408, 425, 429, 500, 502, 503, 504])

export function isTransient(status: number): boolean {
  return transient.has(status)
}

/** What the wrapper knows of a refused request. */
export interface Refusal {
  readonly status: number
  /** `X-Error-Code` of the hub. */
  readonly code: string | null
  /** The hub's own words, already cut and made printable. */
  readonly words: string
  /** Method and path, without query: presigned links carry their permission there. */
  readonly what: string
  readonly hasToken: boolean
  /** The request went to the storage behind the hub, by a link the hub had signed. */
  readonly storage: boolean
  readonly retryAfterMs: number | null
}

/** Turns a refusal into an error that says what to do. */
export function refusalError(refusal: Refusal): BackendError {
  const [code, retryable, advice] = judge(refusal)
  const said = refusal.words === '' ? '' : ` ("${refusal.words}")`
  return new BackendError(code, `HuggingFace answered ${refusal.status}${said} to ${refusal.what}. ${advice}`, {
    retryable,
    ...(refusal.retryAfterMs === null ? {} : { retryAfterMs: refusal.retryAfterMs }),
  })
}

function judge({ status, code, hasToken, storage }: Refusal): [BackendErrorCode, boolean, string] {
  if (status === 429) return ['THROTTLED', true, 'Its rate limit is used up: wait, or send fewer batches per hour.']
  if (isTransient(status)) return ['UNAVAILABLE', true, 'Try again later.']
  if (storage) return ['UNAVAILABLE', true, 'The upload or download link did not work: a new try gets a new one.']
  if (status === 412 || status === 409) return ['CONFLICT', true, 'Somebody else wrote to the repository: try again.']
  if (status === 400 && code === 'EntryNotFound') return ['CONFLICT', true, 'The files changed meanwhile: try again.']
  if (code === 'RepoNotFound' && (status === 404 || !hasToken)) {
    return [
      'NOT_FOUND',
      false,
      'The repository does not exist or is private: check its name, or give a token that may see it.',
    ]
  }
  if (status === 401) {
    return hasToken
      ? [
          'UNAUTHORIZED',
          false,
          'The token is wrong, expired or revoked: make one with the role "write" in your HuggingFace settings.',
        ]
      : ['UNAUTHORIZED', false, 'A token is needed: make one in your HuggingFace settings.']
  }
  if (status === 403) {
    return [
      'FORBIDDEN',
      false,
      'This token may not do that here: it needs the role "write" for this namespace, or access to a gated repository.',
    ]
  }
  if (status === 404) return ['NOT_FOUND', false, 'Check the name of the repository and its branch "main".']
  if (status === 507 || status === 413) return ['NO_SPACE', false, 'The file or the account is over its quota.']
  return ['PROTOCOL', false, 'The request was refused as it is; check the hub address and the file names.']
}

/** Turns anything thrown on the way into a BackendError; what was one already, also as a cause, stays itself. */
export function hubError(what: string, error: unknown, signal?: AbortSignal): BackendError {
  if (signal?.aborted) {
    return new BackendError('ABORTED', `Stopped by the caller: ${what}.`, { retryable: true, cause: signal.reason })
  }
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (BackendError.is(cause)) return cause
  }
  if (error instanceof HubApiError) {
    const status = error.statusCode
    const retryable = isTransient(status)
    const code = retryable ? 'UNAVAILABLE' : 'PROTOCOL'
    return new BackendError(code, `Cannot ${what}: HuggingFace answered ${status}.`, { retryable })
  }
  // The client's own errors carry whole URLs in their text, so it is not repeated here.
  const name = error instanceof Error ? error.name : typeof error
  const advice = 'Check that the hub address is right and answers as HuggingFace does.'
  return new BackendError('PROTOCOL', `Cannot ${what}: unexpected answer (${name}). ${advice}`, { retryable: true })
}

/** A request that got no answer: refused, reset, timed out. */
export function networkError(what: string, error: unknown): BackendError {
  const { kind, retryable, text } = connectionFault(error)
  if (kind === 'tls' || kind === 'proxy') {
    const code: BackendErrorCode = kind === 'tls' ? 'TLS' : 'PROXY'
    return new BackendError(code, `No answer from HuggingFace to ${what}. ${text}`, { retryable })
  }
  const label = faultCode(error) ?? 'connection lost'
  const message = `No answer from HuggingFace to ${what} (${label}). Check the network; try again.`
  return new BackendError('UNAVAILABLE', message, { retryable: true })
}
