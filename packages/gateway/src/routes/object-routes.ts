import { accountOf, HotkeyError, hotkeyPrefix } from '@sluice/hotkey'
import * as api from '@sluice/gateway-api'
import type { Admission } from '../admission.ts'
import type { Authenticator } from '../authenticate.ts'
import { GatewayError } from '../errors.ts'
import type { Route } from '../http/route.ts'
import { ownKey, ownPrefix, relativeKey } from '../keys.ts'
import type { Limits } from '../limits.ts'
import type { ListedObject, ObjectStore, StoredObject } from '../store/store.ts'
import { iso, nativeRoute } from './native.ts'

export interface ObjectRouteOptions {
  readonly authenticator: Authenticator
  readonly admission: Admission
  readonly store: ObjectStore
  readonly limits: Limits
}

/** A hotkey's own objects: look, fetch, list, delete. A registered hotkey may, in the cohort or not. */
export function objectRoutes({ authenticator, store, limits }: ObjectRouteOptions): readonly Route[] {
  const existing = async (key: string): Promise<StoredObject> => {
    const object = await store.head(key)
    if (object === null) throw new GatewayError('NO_SUCH_KEY', 'There is no such object.')
    return object
  }

  const stat = nativeRoute(
    authenticator,
    { ...api.statObject, summary: 'Size, ETag and metadata of an object.' },
    async ({ address, rest }) => {
      const { bytes, etag, metadata, contentEncoding, crc32 } = await existing(ownKey(address, rest))
      return { key: rest, bytes, etag, metadata, content_encoding: contentEncoding, checksum_crc32: crc32 }
    },
  )

  const download = nativeRoute(
    authenticator,
    { ...api.signGet, summary: 'A presigned GET.' },
    async ({ address, rest, now }) => {
      const key = ownKey(address, rest)
      const { bytes, etag, metadata } = await existing(key)
      const { url, headers } = await store.presign({ method: 'GET', key, expiresSeconds: limits.urlSeconds })
      return { key: rest, url, headers, expires_at: iso(now + limits.urlSeconds * 1000), bytes, etag, metadata }
    },
  )

  const list = nativeRoute(
    authenticator,
    { ...api.listObjects, summary: 'The signer’s objects; `next` is the `after` of the next page.' },
    async ({ address, body }) => await listBelow(store, address, body.prefix, body.after),
  )

  const remove = nativeRoute(
    authenticator,
    { ...api.deleteObjects, summary: 'Deletes objects; those that are not there count as deleted.' },
    async ({ address, body }) => {
      await store.delete(body.keys.map((key) => ownKey(address, key)))
      return { deleted: body.keys.length }
    },
  )

  return [stat, download, list, remove]
}

/** What validators may do: list and fetch the objects of any registered or former hotkey. */
export function readRoutes({ authenticator, admission, store, limits }: ObjectRouteOptions): readonly Route[] {
  const list = nativeRoute(
    authenticator,
    { ...api.listOthers, summary: 'The objects of a hotkey, for validators.' },
    async ({ address, body }) => {
      admission.validator(address)
      return await listBelow(store, canonical(body.hotkey), body.prefix, body.after)
    },
  )

  const urls = nativeRoute(
    authenticator,
    { ...api.signReads, summary: 'Presigned GETs for objects of a hotkey, for validators.' },
    async ({ address, body, now }) => {
      admission.validator(address)
      const hotkey = canonical(body.hotkey)
      const expiresAt = iso(now + limits.urlSeconds * 1000)
      const signed = body.keys.map(async (key) => {
        const input = { method: 'GET', key: ownKey(hotkey, key), expiresSeconds: limits.urlSeconds } as const
        const { url } = await store.presign(input)
        return { key, url, expires_at: expiresAt }
      })
      return { urls: await Promise.all(signed) }
    },
  )

  return [list, urls]
}

/** The address with prefix 42, which is the one that keys are made of. @throws GatewayError BAD_REQUEST */
export function canonical(hotkey: string): string {
  try {
    return accountOf(hotkey).address
  } catch (error) {
    if (HotkeyError.is(error)) throw new GatewayError('BAD_REQUEST', error.message)
    throw error
  }
}

async function listBelow(
  store: ObjectStore,
  address: string,
  prefix: string,
  after: string | undefined,
): Promise<{ objects: readonly ListedObject[]; next: string | null }> {
  // Only where to go on, below the prefix in any case: a key that a form of the old API put there must not end a listing.
  const from = after === undefined ? '' : hotkeyPrefix(address) + after
  const { objects, next } = await store.list(ownPrefix(address, prefix), from)
  return {
    objects: objects.map(({ key, bytes, etag }) => ({ key: relativeKey(address, key), bytes, etag })),
    next: next === null ? null : relativeKey(address, next),
  }
}
