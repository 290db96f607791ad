import type { Hotkey } from '@sluice/hotkey'
/** HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530): what is signed, and signing it. */
import { sha256 } from '@noble/hashes/sha2.js'
import { base64, base64urlnopad } from '@scure/base'
import { serializeInnerList, type InnerList, type Parameters } from 'structured-headers'
import type { OutgoingRequest } from './request.ts'

/** The label of our signature, and its tag. */
export const LABEL = 'sluice'
export const ALGORITHM = 'sr25519'

export interface SignerOptions {
  readonly hotkey: Hotkey
  /** Milliseconds since 1970; add the server's clock offset here. */
  readonly now?: () => number
  /** Fresh random bytes for the nonce. */
  readonly random?: (count: number) => Uint8Array
  /** 1..300, default 60. */
  readonly lifetimeSeconds?: number
}

/** Signs requests with a hotkey. */
export interface Signer {
  readonly address: string
  /** The headers to add: `content-digest` (with a body), `signature-input`, `signature`. Sign every attempt anew. */
  authorize(request: OutgoingRequest): Promise<Record<string, string>>
}

export function createSigner(options: SignerOptions): Signer {
  const { hotkey, now = Date.now, random = randomBytes, lifetimeSeconds = 60 } = options
  return {
    address: hotkey.address,
    authorize: async ({ method, url, body }) => {
      const created = Math.floor(now() / 1000)
      const digest = body === undefined || body.length === 0 ? null : contentDigest(body)
      const parameters: Parameters = new Map<string, number | string>([
        ['created', created],
        ['expires', created + lifetimeSeconds],
        ['nonce', base64urlnopad.encode(random(16))],
        ['keyid', hotkey.address],
        ['alg', ALGORITHM],
        ['tag', LABEL],
      ])
      const components = coveredComponents(digest !== null)
      const input = serializeInnerList([components.map((name) => [name, new Map()]), parameters])
      const base = signatureBase({ method, url, digest }, components, input)
      const signature = await hotkey.sign(base)
      return {
        ...(digest === null ? {} : { 'content-digest': digest }),
        'signature-input': `${LABEL}=${input}`,
        signature: `${LABEL}=:${base64.encode(signature)}:`,
      }
    },
  }
}

/** `Content-Digest` of a body. */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${base64.encode(sha256(body))}:`
}

/** What a signature must cover. */
export function coveredComponents(hasBody: boolean): readonly string[] {
  return hasBody ? ['@method', '@target-uri', 'content-digest'] : ['@method', '@target-uri']
}

/** RFC 9421 section 2.5, for the three components that we cover. */
export function signatureBase(
  { method, url, digest }: { readonly method: string; readonly url: string; readonly digest: string | null },
  components: readonly string[],
  input: string,
): Uint8Array {
  const values: Readonly<Record<string, string>> = {
    '@method': method,
    '@target-uri': url,
    'content-digest': digest ?? '',
  }
  const lines = components.map((name) => `"${name}": ${values[name] ?? ''}\n`)
  return new TextEncoder().encode(`${lines.join('')}"@signature-params": ${input}`)
}

/** The canonical text of a parsed signature input. */
export function serializeInput(list: InnerList): string {
  return serializeInnerList(list)
}

const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
