import { hotkeyFromSeed } from '@sluice/hotkey'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { startConnectProxy } from '@sluice/dev-faults'
import { proxiesFrom } from '@sluice/http'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTrust, isPublicAddress, type TrustOptions, untrustedCause } from '../src/trust/endpoint-trust.ts'
import { createOpenSigned } from '../src/bucket/open.ts'
import { createDirectAccess } from '../src/bucket/direct-access.ts'
import { createTrustedFetch, createTrustedSender } from '../src/trust/trusted-fetch.ts'
import { startFakeGateway } from './fake-gateway.ts'
import { codeOf, objectOf, putAll } from '../src/port/contract-calls.ts'
import { directBackend, gatewayBackend } from './bucket.ts'

const hotkey = { ...hotkeyFromSeed(new Uint8Array(32)), sign: () => new Uint8Array(64) }
const where = 's3://bucket/data/'

/** What the gateway answers to a request for a signed PUT or GET. */
function signedReply(url: string) {
  const expires_at = new Date(Date.now() + 900_000).toISOString()
  return { key: 'k', method: 'PUT', url, headers: {}, expires_at, bytes: 1, etag: 'e', metadata: {} }
}

/** A resolver under the test's command. */
function namesLeadTo(...addresses: string[]): LookupFunction & { asked: string[] } {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, _options, callback) => {
    asked.push(hostname)
    const found = addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }))
    callback(null, found)
  }
  return Object.assign(lookup, { asked })
}

test.each([
  ['8.8.8.8', true],
  ['172.15.0.1', true],
  ['172.32.0.1', true],
  ['2606:4700::1111', true],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['127.0.0.1', false],
  ['169.254.169.254', false],
  ['172.16.0.1', false],
  ['172.31.255.255', false],
  ['192.168.1.1', false],
  ['198.18.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::', false],
  ['::1', false],
  ['::ffff:8.8.8.8', false],
  ['::ffff:127.0.0.1', false],
  ['64:ff9b::7f00:1', false],
  ['fe80::1', false],
  ['fd00:ec2::254', false],
  ['2002:7f00:1::', false],
  ['2001:db8::1', false],
  ['ff02::1', false],
  ['example.com', false],
  ['', false],
])('whether %s is public: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic)
})

test.each([
  ['http://gateway.example.com', /not https/],
  ['ftp://gateway.example.com', /not https/],
  ['https://me:secret@gateway.example.com', /user name/],
  ['https://127.0.0.1', /not public/],
  ['https://2130706433/', /not public/], // 127.0.0.1 as one number
  ['https://0x7f.1/', /not public/],
  ['https://[::1]:8080/', /not public/],
  ['https://[::ffff:10.0.0.1]/', /not public/],
  ['https://169.254.169.254/latest/meta-data', /not public/],
  ['nonsense', /no URL/],
])('%s is refused before anything is asked', async (endpoint, reason) => {
  const lookup = namesLeadTo('8.8.8.8')
  const backend = gatewayBackend({ endpoints: [endpoint], hotkey, where, lookup })
  const [result] = await putAll(backend, [objectOf('k', 'x')])
  expect(result).toMatchObject({ ok: false, error: { code: 'UNTRUSTED', retryable: false } })
  expect(String(result?.ok === false && result.error.message)).toMatch(reason)
  expect(JSON.stringify(result)).not.toContain('secret')
  expect(await codeOf(backend.stat('k'))).toBe('UNTRUSTED')
  expect(lookup.asked).toEqual([])
})

test.each([['127.0.0.1'], ['10.0.0.5'], ['8.8.8.8', '192.168.0.1'], ['::1']])(
  'a good name that leads to %s is refused when it connects, everywhere',
  async (...addresses) => {
    const lookup = namesLeadTo(...addresses)
    const endpoint = 'https://gateway.example.com'
    const backend = gatewayBackend({ endpoints: [endpoint], hotkey, where, lookup })
    expect(await codeOf(backend.stat('k'))).toBe('UNTRUSTED')
    const trust = createTrust({ lookup })
    const sender = createTrustedSender(trust)
    const open = createOpenSigned(sender.send, 1000)
    const opened = open('k', { url: 'https://s3.example.com/k?X-Amz-Signature=1', headers: {} })
    await expect(opened).rejects.toMatchObject({ code: 'PROTOCOL', retryable: false })
    const request = { method: 'PUT' as const, url: 'https://s3.example.com/k', headers: {}, body: new Uint8Array(1) }
    await expect(sender.send(request, { stallMs: 1000 })).rejects.toMatchObject({ code: 'PROTOCOL', retryable: false })
    sender.close()
    const direct = { bucket: 'bucket-b', endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }
    expect(await codeOf(directBackend({ ...direct, trust: { lookup } }).stat('k'))).toBe('UNTRUSTED')
    expect(new Set(lookup.asked)).toEqual(new Set(['gateway.example.com', 's3.example.com']))
  },
)

test('a bucket endpoint from the chain must be one that anybody may call', () => {
  const direct = { bucket: 'bucket-b', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, trust: {} }
  expect(() => directBackend({ ...direct, endpoint: 'http://s3.example.com' })).toThrow(/not https/)
  expect(() => createDirectAccess({ ...direct, endpoint: 'https://10.0.0.1' })).toThrow(/not public/)
  expect(() =>
    directBackend({ ...direct, endpoint: 'http://10.0.0.1', trust: { allowPrivateEndpoints: true } }),
  ).not.toThrow()
  expect(() => directBackend({ ...direct, endpoint: null })).not.toThrow()
})

test('only pinned hosts are called, with or without port, for endpoints and for what they sign', async () => {
  const url = 'http://169.254.169.254/latest?X-Amz-Signature=1'
  const gateway = await startFakeGateway((line) => {
    if (line.startsWith('GET /uploads/stat'))
      return { status: 404, body: { error: { code: 'NO_SUCH_KEY', message: '' } } }
    return {
      status: 200,
      body: signedReply(url),
    }
  })
  try {
    const { host, hostname } = new URL(gateway.url)
    for (const pinned of [host, hostname.toUpperCase()]) {
      const options = { endpoints: [gateway.url], hotkey, where, allowPrivateEndpoints: true, pinnedHosts: [pinned] }
      const backend = gatewayBackend(options)
      expect(await backend.stat('k')).toBeNull()
      // The gateway is pinned, the place it sends us to is not.
      expect(await putAll(backend, [objectOf('k', 'x')])).toMatchObject([{ error: { code: 'UNTRUSTED' } }])
      expect(await codeOf(backend.open('k'))).toBe('UNTRUSTED')
    }
    const before = gateway.requests.length
    const other = {
      endpoints: [gateway.url],
      hotkey,
      where,
      allowPrivateEndpoints: true,
      pinnedHosts: ['other.example'],
    }
    expect(await codeOf(gatewayBackend(other).stat('k'))).toBe('UNTRUSTED')
    expect(gateway.requests.length).toBe(before)
  } finally {
    await gateway.close()
  }
})

test.each([301, 302, 307, 308])('a redirect (%i) of the gateway or the store is not followed', async (status) => {
  const target = await startFakeGateway(() => ({ status: 200 }))
  const sly = await startFakeGateway((line) => {
    if (line.startsWith('GET /uploads/download') && !line.includes('elsewhere')) {
      const url = `${sly.url}/object?X-Amz-Signature=1`
      return {
        status: 200,
        body: signedReply(url),
      }
    }
    return { status, headers: { location: `${target.url}/stolen` } }
  })
  try {
    const options = { endpoints: [sly.url], hotkey, where, allowPrivateEndpoints: true }
    const backend = gatewayBackend(options)
    expect(await codeOf(backend.stat('k'))).toBe('UNAVAILABLE')
    // A store answers 307 while the name of a new bucket is not yet known everywhere.
    expect(await codeOf(backend.open('k'))).toBe(status === 307 ? 'UNAVAILABLE' : 'PROTOCOL')
    expect(sly.requests.length).toBeGreaterThan(2)
    expect(target.requests).toEqual([])
  } finally {
    await Promise.all([sly.close(), target.close()])
  }
})

test('no spelling of an address in the private ranges gets through', () => {
  const trust = createTrust()
  const part = fc.integer({ min: 0, max: 255 })
  const first = fc.constantFrom([10], [127], [169, 254], [192, 168], [172, 16], [0])
  const spelling = fc.constantFrom('dotted', 'number', 'hex', 'octal', 'mapped')
  fc.assert(
    fc.property(first, part, part, part, spelling, (start, b, c, d, how) => {
      const bytes = [...start, b, c, d].slice(0, 4)
      const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
      const hosts: Record<typeof how, string> = {
        dotted: bytes.join('.'),
        number: String(number),
        hex: `0x${number.toString(16)}`,
        octal: bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
        mapped: `[::ffff:${bytes.join('.')}]`,
      }
      expect(() => trust.check(`https://${hosts[how]}/`)).toThrow(/not public/)
    }),
  )
})

test('behind a proxy names are looked at here, and the proxy is given the address; pinned hosts are its own business', async () => {
  await using proxy = await startConnectProxy()
  const proxies = proxiesFrom({ all_proxy: proxy.url })
  const ask = async (url: string, options: TrustOptions): Promise<unknown> =>
    await createTrustedFetch(createTrust({ proxies, ...options }))(url, {}).catch((error: unknown) => error)
  for (const address of ['10.0.0.5', '127.0.0.1', '169.254.169.254', 'fd00::1']) {
    const error = await ask('https://store.example/', { lookup: namesLeadTo('8.8.8.8', address) })
    expect(untrustedCause(error)?.code).toBe('UNTRUSTED')
  }
  expect(proxy.tunnels).toEqual([])
  // Nobody is there; what the proxy was asked for is what counts.
  await using refusing = await startConnectProxy({ refuseWith: 403 })
  const closed = proxiesFrom({ all_proxy: refusing.url })
  const error = await ask('https://store.example/', {
    proxies: closed,
    lookup: namesLeadTo('2606:4700::1111', '8.8.8.8'),
  })
  expect(error).toMatchObject({ code: 'PROXY', retryable: false })
  const pinned = namesLeadTo('127.0.0.1')
  await ask('https://store.example/', { proxies: closed, lookup: pinned, pinnedHosts: ['store.example'] })
  expect(refusing.tunnels.map(({ target }) => target)).toEqual(['8.8.8.8:443', 'store.example:443'])
  expect(pinned.asked).toEqual([])
})
