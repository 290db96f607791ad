import type { GatewayReply, GatewayRequest } from './exchange.ts'

/** Lets pages of these origins call the gateway and read what they need of its answers. */
export interface Cors {
  /** The answer to a preflight, or null when the request is none. */
  preflight(request: GatewayRequest): GatewayReply | null
  headers(request: GatewayRequest): Readonly<Record<string, string>>
}

/** @param origins `https://app.example.com`, …, or `*`; credentials are never used, so `*` gives nothing away */
export function createCors(origins: readonly string[]): Cors {
  const isOpen = origins.includes('*')
  const headers: Cors['headers'] = ({ headers: { origin } }) => {
    if (origin === undefined || origins.length === 0) return {}
    if (!isOpen && !origins.includes(origin)) return { vary: 'origin' }
    return {
      'access-control-allow-origin': isOpen ? '*' : origin,
      'access-control-expose-headers': 'etag, date, retry-after',
      vary: 'origin',
    }
  }
  return {
    headers,
    preflight: (request) => {
      if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return null
      const allowed = headers(request)
      if (allowed['access-control-allow-origin'] === undefined) return { status: 403, headers: allowed, body: '' }
      return {
        status: 204,
        headers: {
          ...allowed,
          'access-control-allow-methods': 'GET, POST, DELETE',
          'access-control-allow-headers': 'content-type, content-digest, signature, signature-input',
          'access-control-max-age': '600',
        },
        body: '',
      }
    },
  }
}
