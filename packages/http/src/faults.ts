import { ProxyError } from './errors.ts'

/** What went wrong below HTTP. */
export interface ConnectionFault {
  /**
   * `tls`: the certificate is not trusted, or nobody speaks TLS there; `proxy`: see ProxyError; `closed`: the other side ended
   * the connection; `network`: anything else.
   */
  readonly kind: 'tls' | 'proxy' | 'closed' | 'network'
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** Whole sentences for a person, without URL or secret. */
  readonly text: string
}

/** Of OpenSSL's verification (`node:tls`, "X509 certificate error codes"), and Node's own check of the name. */
const certificate =
  /^(?:UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)_\w+|(?:DEPTH_ZERO_)?SELF_SIGNED_CERT\w*|CERT_\w+|CRL_\w+|ERROR_IN_C\w+|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_\w+)$/
/** What is no damage on the way but another protocol, or another version of it. */
const foreign =
  /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNKNOWN_PROTOCOL|UNSUPPORTED_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION|(?:SSLV3_|TLSV1_)?ALERT_HANDSHAKE_FAILURE|NO_PROTOCOLS_AVAILABLE|TLSV13_ALERT_CERTIFICATE_REQUIRED)$/
/** `node:https` says EPROTO for some of them, and the rest in words. */
const foreignWords = /wrong version number|packet length too long|http request|unsupported protocol|handshake failure/
const closed = /^(?:ECONNRESET|EPIPE|UND_ERR_SOCKET)$/

const OWN_AUTHORITY =
  'If a proxy or the server has a certificate authority of its own, name the PEM file of its certificate in NODE_EXTRA_CA_CERTS.'

/** Reads an error of `node:http`, `fetch`, the AWS SDK or `ws`, whatever it is wrapped in. */
export function connectionFault(error: unknown): ConnectionFault {
  const all = causes(error)
  const proxy = all.find((one) => ProxyError.is(one))
  if (proxy !== undefined) return { kind: 'proxy', retryable: proxy.retryable, text: proxy.message }
  const codes = all.flatMap((one) => codeOf(one) ?? [])
  const bad = codes.find((code) => certificate.test(code))
  if (bad !== undefined) {
    const why = /EXPIRED|NOT_YET_VALID/.test(bad) ? ' Check the clock of this machine.' : ''
    return {
      kind: 'tls',
      retryable: false,
      text: `The certificate of the other side is not trusted (${bad}).${why} ${OWN_AUTHORITY}`,
    }
  }
  const words = all.find((one) => codeOf(one) === 'EPROTO' && foreignWords.test(one.message))
  const other = codes.find((code) => foreign.test(code)) ?? (words === undefined ? undefined : 'EPROTO')
  if (other !== undefined) {
    const text = `No TLS of ours is spoken there (${other}). Check whether the address should begin with http:// or has another port. ${OWN_AUTHORITY}`
    return { kind: 'tls', retryable: false, text }
  }
  const end = codes.find((code) => closed.test(code))
  if (end !== undefined)
    return { kind: 'closed', retryable: true, text: `The other side ended the connection (${end}).` }
  return { kind: 'network', retryable: true, text: `The connection failed (${codes[0] ?? 'no reason given'}).` }
}

/** The most telling code of an error and its causes, such as `ECONNREFUSED`; null = none. */
export function faultCode(error: unknown): string | null {
  for (const one of causes(error)) {
    const code = codeOf(one)
    if (code !== null) return code
  }
  return null
}

function codeOf(error: Error): string | null {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^\w{3,60}$/.test(code) ? code : null
}

/** The error, what caused it, and what an attempt at several addresses met; the innermost first. */
function causes(error: unknown): Error[] {
  const found: Error[] = []
  const visit = (one: unknown, depth: number): void => {
    if (!(one instanceof Error) || depth > 6) return
    visit(one.cause, depth + 1)
    if (one instanceof AggregateError) for (const inner of one.errors.slice(0, 8)) visit(inner, depth + 1)
    found.push(one)
  }
  visit(error, 0)
  return found
}
