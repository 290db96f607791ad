import { HotkeyError, isSameHotkey, wrapBytes } from '@sluice/hotkey'
import { sha256 } from '@noble/hashes/sha2.js'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  legacyMessages,
  pythonJson,
  signEpistula,
  SigningError,
  signTao,
  verifyEpistula,
  verifyLegacy,
  verifyTao,
} from '../src/index.ts'
import { alice, aliceElsewhere, bob, bytes, hello, hotkeyOf, none, T } from './people.ts'

const outcome = (run: () => unknown): string => {
  try {
    run()
    return 'accepted'
  } catch (error) {
    if (SigningError.is(error) || HotkeyError.is(error)) return error.code
    throw error
  }
}
const uuid = '0d7f5c7e-9c5c-4c39-8a44-1f5f3f9f2a11'

describe('Epistula v2', () => {
  const sent = bytes('{"path":"a","file_size":1}')
  const headers = {
    'epistula-version': '2',
    'epistula-timestamp': String(T),
    'epistula-uuid': uuid,
    'epistula-signed-by': alice,
    'epistula-request-signature':
      '0x6a897ce131d10573cc70704a35d3d0ca64bc4695d2e6b475ebd98b2ddaf33f6526f9a476921075ec1048fbfc79c31f896ec4c63a744b59841e72ade5ef0e338f',
  }
  const defaults = { part_size: 104_857_600, expires_in: 3600 }
  const check = (more: Record<string, string>, now = T): string =>
    outcome(() => verifyEpistula({ headers: { ...headers, ...more }, body: sent }, { now, defaults }))

  test('a fixed signature over the model with its defaults verifies, whatever was sent', () => {
    const signed = verifyEpistula({ headers, body: sent }, { now: T, defaults })
    expect(signed).toMatchObject({ scheme: 'epistula-v2', address: alice, nonce: uuid, validUntil: T + 10_001 })
  })

  test('times are milliseconds, on both sides', () => {
    expect([-2001, -2000, 10_000, 10_001].map((age) => check({}, T + age))).toEqual([
      'NOT_YET',
      'accepted',
      'accepted',
      'EXPIRED',
    ])
    expect(check({}, T / 1000)).toBe('NOT_YET')
    expect(check({ 'epistula-timestamp': '1763700000000.0' })).toBe('MALFORMED')
  })

  test.each([
    ['epistula-version', '1', 'MALFORMED'],
    ['epistula-uuid', uuid.replace('0d', '0e'), 'BAD_SIGNATURE'],
    ['epistula-uuid', 'x', 'MALFORMED'],
    ['epistula-timestamp', String(T + 1), 'BAD_SIGNATURE'],
    ['epistula-signed-by', bob, 'BAD_SIGNATURE'],
    ['epistula-signed-by', 'x', 'BAD_HOTKEY'],
    ['epistula-signed-for', bob, 'WRONG_AUDIENCE'],
    ['epistula-request-signature', '0x00', 'MALFORMED'],
  ])('%s %s is refused', (name, value, code) => {
    expect(check({ [name]: value })).toBe(code)
  })

  test('a body of other meaning is refused', () => {
    const body = bytes('{"path":"b","file_size":1}')
    expect(outcome(() => verifyEpistula({ headers, body }, { now: T, defaults }))).toBe('BAD_SIGNATURE')
  })

  test('raw bytes, no body, and the form without a uuid', async () => {
    const hotkey = hotkeyOf(5)
    const raw = bytes('not json \u0000')
    const options = { hotkey, now: () => T }
    expect(verifyEpistula({ headers: await signEpistula(raw, options), body: raw }, { now: T }).address).toBe(
      hotkey.address,
    )
    const empty = await signEpistula(bytes('{}'), options)
    expect(verifyEpistula({ headers: empty, body: none }, { now: T }).address).toBe(hotkey.address)
    const { 'epistula-uuid': _gone, ...rest } = empty
    const sha = '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' // of {}
    const signature = Buffer.from(await hotkey.sign(bytes(`${sha}.${T}.`))).toString('hex')
    const later = { ...rest, 'epistula-request-signature': signature }
    expect(verifyEpistula({ headers: later, body: none }, { now: T }).nonce).toMatch(/^[0-9a-f]{64}$/)
  })

  test('a request for another service is refused', async () => {
    const hotkey = hotkeyOf(5)
    const signed = await signEpistula(hello, { hotkey, now: () => T, signedFor: aliceElsewhere[0] })
    const verify = (audience: string): string =>
      outcome(() => verifyEpistula({ headers: signed, body: hello }, { now: T, audience }))
    expect([verify(alice), verify(bob)]).toEqual(['accepted', 'WRONG_AUDIENCE'])
    // Who has no hotkey of its own is nobody's audience.
    expect(outcome(() => verifyEpistula({ headers: signed, body: hello }, { now: T }))).toBe('WRONG_AUDIENCE')
  })
})

describe('X-Tao v2', () => {
  const base64 = '0hNwPkgT/wH/8hZI07UbBiWgUCUffvXJLW+vCQfikDbRIvJ9jqUwRrj8oaw0h/4m3n4lId+ifhf5AXbL+pQtgw=='
  const headers = {
    'x-tao-version': '2',
    'x-tao-timestamp': String(T),
    'x-tao-nonce': uuid,
    'x-tao-signed-by': alice,
    'x-tao-signature': base64,
  }
  const check = (more: Record<string, string>, now = T, body = hello): string =>
    outcome(() => verifyTao({ headers: { ...headers, ...more }, body }, { now }))

  test('a fixed signature verifies, in base64 and hex', () => {
    expect(verifyTao({ headers, body: hello }, { now: T })).toMatchObject({ scheme: 'tao-v2', address: alice })
    expect(check({ 'x-tao-signature': Buffer.from(base64, 'base64').toString('hex') })).toBe('accepted')
    expect(check({ 'x-tao-signed-by': aliceElsewhere[1] })).toBe('accepted')
  })

  test('the window has two sides, in milliseconds', () => {
    expect([-2001, -2000, 8000, 8001].map((age) => check({}, T + age))).toEqual([
      'NOT_YET',
      'accepted',
      'accepted',
      'EXPIRED',
    ])
  })

  test('anything else is refused', () => {
    expect(check({}, T, none)).toBe('BAD_SIGNATURE')
    expect(check({ 'x-tao-nonce': uuid.replace('0d', '0e') })).toBe('BAD_SIGNATURE')
    expect(check({ 'x-tao-version': '3' })).toBe('MALFORMED')
    expect(check({ 'x-tao-signature': `${base64.slice(0, 85)}B==` })).toBe('MALFORMED')
    expect(outcome(() => verifyTao({ headers: {}, body: none }, { now: T }))).toBe('UNSIGNED')
  })

  test('its signer agrees', async () => {
    const hotkey = hotkeyOf(6)
    const signed = await signTao(none, { hotkey, now: () => T })
    expect(verifyTao({ headers: signed, body: none }, { now: T }).address).toBe(hotkey.address)
  })
})

describe('legacy strings', () => {
  const message = legacyMessages.folderAccess(bob, alice, T / 1000)
  const plain =
    '10bfcb71a034036c3c592466713625f1b9e357a86718fb3f3c39ea747134b21cfeefc1685e6d9f593b9ff775592979a1f40e9b91e9301f9334431fa1f0a9dc82'
  const wrapped =
    'c47d81fc855dc6e3ff19980b8ad5852e84975d8924b1629211cbb4da4d2dde5633d3a357208534a78d276e755c4e78e7e3d96d878df7cc77f44ed426535c9b8a'
  const request = { message, signature: plain, hotkey: alice, timestamp: T / 1000 }
  const check = (more: Partial<Parameters<typeof verifyLegacy>[0]>, now = T): string =>
    outcome(() => verifyLegacy({ ...request, ...more }, { now }))

  test('fixed signatures verify, plain and in <Bytes>', () => {
    expect(message).toBe(`s3:data:access:${bob}:${alice}:1763700000`)
    expect(verifyLegacy(request, { now: T })).toMatchObject({ address: alice, validUntil: T + 300_001 })
    expect([check({ signature: wrapped }), check({ signature: `0x${plain}` })]).toEqual(['accepted', 'accepted'])
  })

  test('times are seconds, on both sides', () => {
    expect([-60_001, -60_000, 300_000, 300_001].map((age) => check({}, T + age))).toEqual([
      'NOT_YET',
      'accepted',
      'accepted',
      'EXPIRED',
    ])
    expect(check({ timestamp: T })).toBe('MALFORMED')
    expect(check({ expiry: T / 1000 - 1 })).toBe('EXPIRED')
    expect(check({ expiry: Number.NaN })).toBe('EXPIRED')
    expect(check({ timestamp: 1.5 })).toBe('MALFORMED')
  })

  test('another text, key or encoding is refused', () => {
    expect(check({ message: legacyMessages.validatorAccess(T / 1000) })).toBe('BAD_SIGNATURE')
    expect(check({ hotkey: bob })).toBe('BAD_SIGNATURE')
    expect(check({ signature: Buffer.from(plain, 'hex').toString('base64') })).toBe('MALFORMED')
  })

  test('the texts of the other routes', () => {
    expect(legacyMessages.minerAccess('m', 1)).toBe('s3:validator:miner:m:1')
    expect(legacyMessages.folderUrls('v', 1)).toBe('s3:validator:folders:v:1')
    expect(legacyMessages.fileUrls('m', 'v', 1)).toBe('s3:validator:files:m:v:1')
    expect(legacyMessages.prototypeUpload('h', 'p', 'f', 1, 2)).toBe('h:p:f:1:2')
    expect(legacyMessages.prototypeRead('v', 'm', 1, 2)).toBe('read:v:m:1:2')
  })
})

test('JSON as Python 3.11 prints it with sort_keys', () => {
  const value = { b: [1, 2, { é: '\u007f\u0001\u2028😀/' }], a: null, '': true, ﬀ: 1, '😀': 2, z: -1.5 }
  expect(pythonJson(value)).toBe(
    String.raw`{"": true, "a": null, "b": [1, 2, {"\u00e9": "\u007f\u0001\u2028\ud83d\ude00/"}], "z": -1.5, "\ufb00": 1, "\ud83d\ude00": 2}`,
  )
  expect(pythonJson({ path: 'a', file_size: 1, part_size: 104_857_600, expires_in: 3600 })).toBe(
    '{"expires_in": 3600, "file_size": 1, "part_size": 104857600, "path": "a"}',
  )
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (any) => {
      expect(JSON.parse(pythonJson(any))).toEqual(any)
    }),
  )
})

test('keys are in order of their code points, and long ones cost little', () => {
  const key = fc.string({
    unit: fc.constantFrom('a', 'b', '\u007f', 'é', '\ud7ff', '\ue000', 'ﬀ', '😀', '😁', '\u{10ffff}'),
  })
  const points = (text: string): number[] => Array.from(text, (one) => one.codePointAt(0) ?? 0)
  const byPoints = (one: string, other: string): number => {
    const [left, right] = [points(one), points(other)]
    const at = left.findIndex((point, index) => point !== right[index])
    return at === -1 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1)
  }
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 12 }), (keys) => {
      const text = pythonJson(Object.fromEntries(keys.map((name) => [name, 1])))
      expect(Object.keys(JSON.parse(text) as object)).toEqual(keys.toSorted(byPoints))
    }),
  )
  // Every pair shares 2,000 letters. Measured in hashes of the same text, so that a slow machine is no excuse: with arrays
  // for every comparison it took 47.
  const long = Object.fromEntries(
    Array.from({ length: 1000 }, (_, n) => [`${'a'.repeat(2000)}${(n * 7919) % 1000}`, 1]),
  )
  const text = bytes(pythonJson(long))
  const quickest = (run: () => unknown): number => {
    const times = [1, 2, 3].map(() => {
      const started = performance.now()
      run()
      return performance.now() - started
    })
    return Math.min(...times)
  }
  expect(quickest(() => pythonJson(long)) / quickest(() => sha256(text))).toBeLessThan(15)
})

test('one key has many addresses', () => {
  for (const address of aliceElsewhere) expect(isSameHotkey(alice, address)).toBe(true)
  expect(isSameHotkey(alice, bob)).toBe(false)
  expect(outcome(() => isSameHotkey(alice, `${bob}x`))).toBe('BAD_HOTKEY')
})

test('hostile input ends in the typed error', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('2', String(T), uuid, alice, '00'.repeat(64)))
  fc.assert(
    fc.property(fc.array(text, { minLength: 6, maxLength: 6 }), fc.uint8Array(), (values, body) => {
      const [version, at, id, by, signature, audience] = values as [string, string, string, string, string, string]
      const epistula = {
        'epistula-version': version,
        'epistula-timestamp': at,
        'epistula-uuid': id,
        'epistula-signed-by': by,
        'epistula-request-signature': signature,
        'epistula-signed-for': audience,
      }
      const tao = {
        'x-tao-version': version,
        'x-tao-timestamp': at,
        'x-tao-nonce': id,
        'x-tao-signed-by': by,
        'x-tao-signature': signature,
      }
      expect(outcome(() => verifyEpistula({ headers: epistula, body }, { now: T, audience: alice }))).not.toBe(
        'accepted',
      )
      expect(outcome(() => verifyTao({ headers: tao, body }, { now: T }))).not.toBe('accepted')
      const legacy = { message: id, signature, hotkey: by, timestamp: Number(at) }
      expect(outcome(() => verifyLegacy(legacy, { now: T }))).not.toBe('accepted')
    }),
    { numRuns: 1000 },
  )
})

test('<Bytes> stands around the message', () => {
  expect(new TextDecoder().decode(wrapBytes(bytes('x')))).toBe('<Bytes>x</Bytes>')
})
