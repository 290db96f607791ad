/** What can be wrong with a proxy. */
export type ProxyErrorCode =
  | 'BAD_PROXY' // the variable names no proxy that can be used
  | 'PROXY_LOGIN' // the proxy wants a user name and password, or others
  | 'PROXY_REFUSED' // the proxy does not lead there
  | 'PROXY_UNREACHABLE' // the proxy itself is not there or does not answer
  | 'UNKNOWN_NAME' // the name must be checked here, but cannot be resolved here

/** A failure of or before the proxy. The message names the proxy, and never its user or password. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError'
  readonly code: ProxyErrorCode
  /** Whether the same request may succeed later. */
  readonly retryable: boolean

  constructor(
    code: ProxyErrorCode,
    message: string,
    options: { readonly retryable: boolean; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
  }

  /** Works across copies of this package, where `instanceof` does not. */
  static is(value: unknown): value is ProxyError {
    return value instanceof Error && value.name === 'ProxyError'
  }
}
