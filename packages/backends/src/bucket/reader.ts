import { signReads } from '@sluice/gateway-api/client'
import type { StorageBackend } from '../port/storage-backend.ts'
import { throwIfAborted } from '../port/content.ts'
import { BackendError } from '../port/errors.ts'
import { createGatewayClient, type GatewayClientOptions } from './gateway-client.ts'
import { checkKey } from '../port/key.ts'
import { createTrustedSender } from '../trust/trusted-fetch.ts'
import { createOpenSigned } from './open.ts'
import { transferFailure } from './failures.ts'

/** Reads what any hotkey of the subnet has stored, as a validator may. */
export interface GatewayReader {
  /** The tree of one hotkey (ss58), keys relative to its prefix. */
  of(hotkey: string): Pick<StorageBackend, 'open'>
}

export interface GatewayReaderOptions extends GatewayClientOptions {
  /** A connection to the store on which nothing moves for so long is cut, milliseconds; default 30,000. */
  readonly stallMs?: number
}

interface Page {
  readonly keys: Set<string>
  readonly urls: Promise<ReadonlyMap<string, string>>
}

/** Objects whose URLs are asked for at once; the gateway signs no more. */
const URLS_PER_CALL = 100
const URLS_KEPT = 10_000
/** A URL this close to its end is not used. */
const MARGIN_MS = 30_000

/**
 * A validator's way to the bucket, with nothing but its hotkey. Presigned URLs are asked for in pages and used again
 * for further ranges of the same object, since the gateway counts every question.
 */
export function createGatewayReader(options: GatewayReaderOptions): GatewayReader {
  const client = createGatewayClient(options)
  const openSigned = createOpenSigned(createTrustedSender(client.trust).send, options.stallMs ?? 30_000)
  const kept = new Map<string, { readonly url: string; readonly until: number }>()
  const waiting = new Map<string, Page>()

  /** All that is asked for in one turn goes in one question. Nobody's signal ends it for the others. */
  function urlOf(hotkey: string, key: string): Promise<string> {
    const known = kept.get(`${hotkey}/${key}`)
    if (known !== undefined && known.until > client.now()) return Promise.resolve(known.url)
    const open = waiting.get(hotkey)
    const page = open !== undefined && open.keys.size < URLS_PER_CALL ? open : startPage(hotkey)
    page.keys.add(key)
    return page.urls.then((urls) => urls.get(key) ?? Promise.reject(missing(key)))
  }

  function startPage(hotkey: string): Page {
    const keys = new Set<string>()
    const urls = Promise.resolve().then(() => {
      if (waiting.get(hotkey)?.keys === keys) waiting.delete(hotkey)
      return ask(hotkey, [...keys])
    })
    const page = { keys, urls }
    waiting.set(hotkey, page)
    return page
  }

  async function ask(hotkey: string, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const question = { what: `read what ${hotkey} stored`, body: { hotkey, keys }, signal: undefined }
    const reply = await client.ask(signReads, question)
    if (kept.size > URLS_KEPT) kept.clear()
    for (const { key, url, expires_at } of reply.urls) {
      kept.set(`${hotkey}/${key}`, { url, until: Date.parse(expires_at) - MARGIN_MS })
    }
    return new Map(reply.urls.map(({ key, url }) => [key, url]))
  }

  return {
    of: (hotkey) => ({
      async open(key, range, { signal } = {}) {
        checkKey(key)
        throwIfAborted(signal)
        try {
          const url = await urlOf(hotkey, key)
          throwIfAborted(signal)
          return await openSigned(key, { url, headers: {} }, range, signal)
        } catch (error) {
          const failure = transferFailure(`read ${key}`, error)
          // It may have expired early: the next try asks for another one.
          if (failure.code === 'FORBIDDEN' || failure.code === 'UNAUTHORIZED') kept.delete(`${hotkey}/${key}`)
          throw failure
        }
      },
    }),
  }
}

function missing(key: string): BackendError {
  return new BackendError('PROTOCOL', `The gateway signed no URL for ${key}. Check its version.`, { retryable: true })
}
