import { publicKeyOf, wrapBytes } from '@sluice/hotkey'
/** T1 to T4, T17: what a signature must hold against. Each test fails when its defence is removed; docs/threats.md. */
import { createHash } from 'node:crypto'
import { blake2b } from '@noble/hashes/blake2.js'
import { base58 } from '@scure/base'
import { createSigner } from '@sluice/signing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GatewayRequest } from '../../src/http/exchange.ts'
import { createSqliteState } from '../../src/state/sqlite.ts'
import type { State } from '../../src/state/state.ts'
import { BASE, hotkeyOf, miner, openScene, other, read, type Reply, type Scene, stranger } from '../scene.ts'

let now = Date.now()
let scene: Scene
beforeAll(async () => {
  const rate = { burst: 1e9, perSecond: 1e9 }
  scene = await openScene({
    now: () => now,
    limits: { perAddress: rate, perHotkey: rate },
    adapters: ['tao-v2', 'iota', 'data-universe'],
  })
})
afterAll(async () => await scene[Symbol.asyncDispose]())

const utf8 = new TextEncoder()
const host = 'gateway.example.com'

/** A signed request that can be sent as often as one likes. */
async function signed(
  target = '/uploads/list',
  body: Uint8Array = utf8.encode('{}'),
  base = BASE,
): Promise<GatewayRequest> {
  const headers = await createSigner({ hotkey: miner, now: () => now }).authorize({
    method: 'POST',
    url: base + target,
    body,
  })
  return { method: 'POST', target, headers: { host, ...headers }, body, address: '192.0.2.1' }
}
const send = async (request: GatewayRequest): Promise<Reply> => read(await scene.gateway.handle(request))
const codeOf = async (request: GatewayRequest): Promise<string> => {
  const reply = await send(request)
  return reply.status === 200 ? 'accepted' : (reply.json.error?.code ?? String(reply.status))
}

describe('T1 replay', () => {
  test('the same request a second time is refused', async () => {
    const request = await signed()
    expect([await codeOf(request), await codeOf(request)]).toEqual(['accepted', 'REPLAYED'])
  })

  test('of a thousand at once exactly one passes', async () => {
    const request = await signed()
    const codes = await Promise.all(Array.from({ length: 1000 }, () => codeOf(request)))
    expect(codes.filter((code) => code === 'accepted')).toHaveLength(1)
    expect(codes.filter((code) => code === 'REPLAYED')).toHaveLength(999)
  })

  test('the old schemes have no second use either, on any route', async () => {
    const body = utf8.encode(JSON.stringify({ miner_hotkey: other.address, file_keys: ['x'] }))
    const nonce = '0d7f5c7e-9c5c-4c39-8a44-1f5f3f9f2a11'
    const message = `${createHash('sha256').update(body).digest('hex')}.${nonce}.${now}`
    const headers = {
      'x-tao-version': '2',
      'x-tao-timestamp': String(now),
      'x-tao-nonce': nonce,
      'x-tao-signed-by': miner.address,
      'x-tao-signature': Buffer.from(await miner.sign(utf8.encode(message))).toString('base64'),
    }
    const request = { method: 'POST', target: '/get-miner-list', headers, body, address: 'x' }
    // Refused for want of a permit, but the signature held, so it is used up.
    expect((await send(request)).status).toBe(403)
    expect((await send(request)).json['detail']).toContain('already accepted')
    expect((await send({ ...request, target: '/get-file-presigned-urls' })).json['detail']).toContain(
      'already accepted',
    )
  })

  test('a nonce is kept for as long as its request is fresh', async () => {
    const request = await signed()
    const start = now
    expect(await codeOf(request)).toBe('accepted')
    for (const age of [1000, 30_000, 59_000, 60_000, 61_000, 120_000]) {
      now = start + age
      expect(await codeOf(request)).not.toBe('accepted')
    }
    now = start
  })
})

describe('T2 time', () => {
  test('too old, too new, and seconds taken for milliseconds', async () => {
    const request = await signed()
    const start = now
    const at = async (time: number): Promise<string> => {
      now = time
      const code = await codeOf(request)
      now = start
      return code
    }
    expect(await at(start + 62_000)).toBe('EXPIRED')
    expect(await at(start - 7_000)).toBe('EXPIRED')
    const wrong = createSigner({ hotkey: miner, now: () => start * 1000 })
    const headers = await wrong.authorize({ method: 'POST', url: `${BASE}/uploads/list`, body: utf8.encode('{}') })
    expect(await codeOf({ ...request, headers: { host, ...headers } })).toBe('BAD_SIGNATURE')
    expect((await send(await signed())).headers['date']).toBe(new Date(now).toUTCString())
  })
})

describe('T3 another endpoint or service', () => {
  test('a signature is good for its route, method and host only', async () => {
    expect(await codeOf({ ...(await signed()), target: '/uploads/delete' })).toBe('BAD_SIGNATURE')
    expect(await codeOf({ ...(await signed('/uploads/multipart/parts')), method: 'GET' })).toBe('BAD_SIGNATURE')
    expect(await codeOf(await signed('/uploads/list', utf8.encode('{}'), 'https://gateway.example.org'))).toBe(
      'BAD_SIGNATURE',
    )
    expect(await codeOf({ ...(await signed()), target: '/uploads/list?x=1' })).toBe('BAD_SIGNATURE')
    // The Host header of the request decides nothing: an unknown one means the main URL.
    const elsewhere = await signed('/uploads/list', utf8.encode('{}'), 'https://evil.example')
    expect(await codeOf({ ...elsewhere, headers: { ...elsewhere.headers, host: 'evil.example' } })).toBe(
      'BAD_SIGNATURE',
    )
  })
})

describe('T4 the body', () => {
  test('every changed byte is noticed', async () => {
    const body = utf8.encode('{"prefix":"a"}')
    for (let at = 0; at < body.length; at++) {
      const request = await signed('/uploads/list', body)
      const changed = Uint8Array.from(body)
      changed[at]! ^= 1
      expect(await codeOf({ ...request, body: changed })).toBe('BAD_SIGNATURE')
    }
  })

  test.each([
    ['a key twice', '{"prefix":"a","prefix":"b"}'],
    ['a key twice, once escaped', String.raw`{"prefix":"a","\u0070refix":"b"}`],
    ['an unknown key', '{"prefix":"a","x":1}'],
    ['__proto__', '{"__proto__":{"prefix":"a"}}'],
    ['constructor', '{"constructor":{"prefix":"a"}}'],
    ['no JSON', '{'],
    ['nothing', ''],
    ['a list', '[]'],
    ['depth', `${'['.repeat(5000)}${']'.repeat(5000)}`],
    ['a byte order mark', '\uFEFF{}'],
    ['bad UTF-8', '\u0000bad'],
  ])('%s is refused', async (what, text) => {
    const body = what === 'bad UTF-8' ? Uint8Array.of(0x7b, 0xff, 0x7d) : utf8.encode(text)
    expect(await codeOf(await signed('/uploads/list', body))).toBe('BAD_REQUEST')
  })
})

describe('T17 signatures and addresses', () => {
  test('other bytes, other keys and other forms of the signature are refused', async () => {
    const request = await signed()
    const { signature = '', 'signature-input': input = '' } = request.headers
    const raw = Buffer.from(signature.slice(8, -1), 'base64')
    const withSignature = (bytes: Buffer): GatewayRequest => {
      return { ...request, headers: { ...request.headers, signature: `sluice=:${bytes.toString('base64')}:` } }
    }
    for (let at = 0; at < 64; at++) {
      const changed = Buffer.from(raw)
      changed[at]! ^= 1 << (at % 8)
      expect(await codeOf(withSignature(changed))).toBe('BAD_SIGNATURE')
    }
    expect(await codeOf(withSignature(raw.subarray(0, 63)))).toBe('BAD_SIGNATURE')
    for (const key of [other.address, `${miner.address.slice(0, -1)}z`, '']) {
      const headers = { ...request.headers, 'signature-input': input.replace(miner.address, key) }
      expect(await codeOf({ ...request, headers })).toBe('BAD_SIGNATURE')
    }
    expect(await codeOf(request)).toBe('accepted')
  })

  test('an address with another prefix is the same hotkey: same nonces, same place', async () => {
    const polkadot = { ...miner, address: addressWithPrefix0(miner.address) }
    expect(polkadot.address.startsWith('1')).toBe(true)
    const body = utf8.encode('{"key":"a","bytes":1}')
    const url = `${BASE}/uploads/url`
    const headers = await createSigner({ hotkey: polkadot, now: () => now }).authorize({ method: 'POST', url, body })
    const reply = await send({
      method: 'POST',
      target: '/uploads/url',
      headers: { host, ...headers },
      body,
      address: 'x',
    })
    expect(reply.json['url']).toContain(`/data/hotkey%3D${miner.address}/a?`)
  })

  test('what a wallet wraps in <Bytes> is accepted', async () => {
    const wallet = { ...miner, sign: (message: Uint8Array) => miner.sign(wrapBytes(message)) }
    const body = utf8.encode('{}')
    const headers = await createSigner({ hotkey: wallet, now: () => now }).authorize({
      method: 'POST',
      url: `${BASE}/uploads/list`,
      body,
    })
    expect(
      await codeOf({ method: 'POST', target: '/uploads/list', headers: { host, ...headers }, body, address: 'x' }),
    ).toBe('accepted')
  })

  test('nothing is stored for a request that does not verify, or of a stranger', async () => {
    let stored = 0
    await using counting = await openScene({ now: () => now, state: await countingState(() => stored++) })
    const body = utf8.encode('{}')
    const attempt = async (hotkey: typeof miner, spoil: boolean): Promise<void> => {
      const headers = await createSigner({ hotkey, now: () => now }).authorize({
        method: 'POST',
        url: `${BASE}/uploads/list`,
        body,
      })
      const signature = spoil ? { signature: `sluice=:${Buffer.alloc(64, 1).toString('base64')}:` } : {}
      await counting.gateway.handle({
        method: 'POST',
        target: '/uploads/list',
        headers: { host, ...headers, ...signature },
        body,
        address: 'x',
      })
    }
    await attempt(miner, true)
    await attempt(stranger, false)
    await attempt(hotkeyOf(77), false)
    expect(stored).toBe(0)
    await attempt(miner, false)
    expect(stored).toBe(1)
  })
})

function addressWithPrefix0(address: string): string {
  const body = Uint8Array.from([0, ...publicKeyOf(address)])
  const sum = blake2b(Uint8Array.from([...utf8.encode('SS58PRE'), ...body]), { dkLen: 64 }).subarray(0, 2)
  return base58.encode(Uint8Array.from([...body, ...sum]))
}

async function countingState(count: () => void): Promise<State> {
  const state = createSqliteState(':memory:')
  return {
    ...state,
    takeOnce: async (...input) => {
      count()
      return await state.takeOnce(...input)
    },
  }
}
