/** A refusal in the hub's form: status, JSON `{error}`, `X-Error-Code`, `X-Error-Message`. */
export class HubRefusal extends Error {
  override readonly name = 'HubRefusal'
  readonly status: number
  readonly code: string | undefined
  readonly headers: Record<string, string>
  readonly extra: Record<string, unknown>

  constructor(
    status: number,
    message: string,
    options: { code?: string; headers?: Record<string, string>; extra?: Record<string, unknown> } = {},
  ) {
    super(message)
    this.status = status
    this.code = options.code
    this.headers = options.headers ?? {}
    this.extra = options.extra ?? {}
  }
}
