import { createHash, createHmac } from 'node:crypto'

/** The credential scope of AWS Signature Version 4. */
export interface Scope {
  /** `YYYYMMDD` */
  readonly day: string
  readonly region: string
  readonly service: string
}

export const EMPTY_SHA256: string = createHash('sha256').digest('hex')

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export function hmac(key: string | Uint8Array, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

export function signingKey(secret: string, scope: Scope): Buffer {
  const day = hmac(`AWS4${secret}`, scope.day)
  return hmac(hmac(hmac(day, scope.region), scope.service), 'aws4_request')
}

export function scopeText(scope: Scope): string {
  return `${scope.day}/${scope.region}/${scope.service}/aws4_request`
}

/** RFC 3986 encoding as SigV4 wants it: everything but unreserved characters. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

export interface CanonicalParts {
  readonly method: string
  /** Decoded path, starting with a slash. */
  readonly path: string
  /** Decoded query without `X-Amz-Signature`. */
  readonly query: readonly (readonly [string, string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly signedHeaders: readonly string[]
  readonly payload: string
}

/** Source: AWS, "Signature Calculations for the Authorization Header", S3 API reference (no double path encoding). */
export function canonicalRequest(parts: CanonicalParts): string {
  const query = parts.query
    .map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const)
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
  const headers = parts.signedHeaders.map((name) => `${name}:${squeeze(parts.headers[name] ?? '')}\n`)
  return [
    parts.method,
    parts.path.split('/').map(encodeRfc3986).join('/'),
    query.join('&'),
    headers.join(''),
    parts.signedHeaders.join(';'),
    parts.payload,
  ].join('\n')
}

export function stringToSign(date: string, scope: Scope, canonical: string): string {
  return `AWS4-HMAC-SHA256\n${date}\n${scopeText(scope)}\n${sha256Hex(canonical)}`
}

/** `20260101T000000Z` to milliseconds, NaN when malformed. */
export function parseAmzDate(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second] = match
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

function squeeze(value: string): string {
  return value.trim().replace(/ +/g, ' ')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
