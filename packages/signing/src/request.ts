/** A request as its sender makes it. */
export interface OutgoingRequest {
  readonly method: string
  /** Absolute: scheme, host, path and query as they will be sent. */
  readonly url: string
  readonly body?: Uint8Array | undefined
}

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string
  /** The absolute URL that the sender meant; behind a proxy the public one, not the inner one. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The raw bytes. */
  readonly body: Uint8Array
}

/** Who signed a request, and until when its nonce has to be remembered. */
export interface Signed {
  readonly scheme: 'rfc9421' | 'epistula-v2' | 'tao-v2' | 'legacy'
  /** ss58, prefix 42, whatever prefix the request had. */
  readonly address: string
  readonly publicKey: Uint8Array
  /** Unique per request of this hotkey; the digest of the signature where the scheme has none. */
  readonly nonce: string
  /** Milliseconds since 1970. */
  readonly signedAt: number
  /** From then on the window refuses the request by itself, milliseconds since 1970. */
  readonly validUntil: number
}
