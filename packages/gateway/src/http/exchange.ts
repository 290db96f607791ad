/** A request as any adapter (Node, Lambda, a test) gives it to the app. */
export interface GatewayRequest {
  readonly method: string
  /** Path and query as they arrived, not decoded. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  /** The client's address, as far as it can be known; what is limited before the signature. */
  readonly address: string
}

export interface GatewayReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function jsonReply(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): GatewayReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export const emptyReply: GatewayReply = { status: 204, headers: {}, body: '' }

/** Path and query of a target, neither of them decoded. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const at = target.indexOf('?')
  return at === -1 ? { path: target, query: '' } : { path: target.slice(0, at), query: target.slice(at + 1) }
}
