/** A body that is read while it goes, again from its start for every attempt. */
export interface SlicedBody {
  readonly length: number
  /** Fills `into` from this position. @throws TransferError */
  read(at: number, into: Uint8Array, signal?: AbortSignal): Promise<void>
}

export type Body = Uint8Array | SlicedBody

/** One signed request, as the engine hands it to the wire. */
export interface WireRequest {
  readonly method: 'PUT' | 'GET'
  readonly url: string
  /** Sent as they are, but for those that `ownHeaders` leaves out. */
  readonly headers: Readonly<Record<string, string>>
  /** Not changed while the request runs. */
  readonly body?: Body
}

const NOT_OWN = /^(?:host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect)$/i

/** Names and values as they are sent. Host and length follow from URL and body; what is said to the next hop is not the caller's. */
export function ownHeaders({ headers }: WireRequest): [name: string, value: string][] {
  return Object.entries(headers).filter(([name]) => !NOT_OWN.test(name))
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined
  /** Cut when the other side neither took nor sent a byte for this long. */
  readonly stallMs: number
  /**
   * Called with the number of further body bytes that were handed over; of a short body the reply may tell it alone. A
   * negative number takes back what has to be sent again.
   */
  readonly onSent?: ((bytes: number) => void) | undefined
  /** Resolves when so many further bytes may go; the bandwidth limit. */
  readonly allow?: ((bytes: number, signal?: AbortSignal) => Promise<void>) | undefined
  /** Told of a reply to GET before its body comes; throwing ends the request with that error. */
  readonly onHead?: ((head: Omit<WireReply, 'text'>) => void) | undefined
  /**
   * Given the bytes of a reply to GET with status 200 or 206 as they come; the sender waits for it. Without it, and for any
   * other status, at most the first 64 KiB of the reply are kept as `text`. The chunk may be used again afterwards.
   */
  readonly onData?: ((chunk: Uint8Array) => void | Promise<void>) | undefined
}

export interface WireReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/**
 * Sends one request, once. Any status is a reply, not an error.
 * @throws TransferError `UNAVAILABLE` (no connection, cut, body shorter than announced), `TLS`, `PROXY`, `TOO_SLOW`, `ABORTED`
 */
export interface Send {
  (request: WireRequest, options: SendOptions): Promise<WireReply>
  /** True when it takes a `SlicedBody`; one that does not is never given any. */
  readonly takesSlices?: boolean
}
