import { HotkeyError, wrapBytes } from '@sluice/hotkey'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSigner, type ReceivedRequest, SigningError, verifyRfc9421 } from '../src/index.ts'
import { alice, aliceElsewhere, bytes, hello, hotkeyOf, none, T } from './people.ts'

const url = 'https://gw.example.com/uploads/url?a=1'
const INPUT =
  'sluice=("@method" "@target-uri" "content-digest");created=1763700000;expires=1763700060;' +
  `nonce="BwcHBwcHBwcHBwcHBwcHBw";keyid="${alice}";alg="sr25519";tag="sluice"`
/** Signed by //Alice with the schnorrkel of @polkadot/util-crypto. */
const known: ReceivedRequest = {
  method: 'POST',
  url,
  headers: {
    'content-digest': 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:',
    'signature-input': INPUT,
    signature: 'sluice=:nNMm6us3hlZXru/BFkRfuJccq2KDREb7/bdtNlwJfAcOHB0F2h0+ulKjOduI1JNpUAV3XUxn4IM71IFysNTshQ==:',
  },
  body: hello,
}
const knownGet: ReceivedRequest = {
  method: 'GET',
  url: 'https://gw.example.com/uploads/stat/a',
  headers: {
    'signature-input': INPUT.replace(' "content-digest"', ''),
    signature: 'sluice=:yHMfRtHzsDe9Xrh6B9/UYzIKyzOvxBSMeHmOmakVUme6ZUQuUssr8vEUTNsnAXDAbUOZl1b83tSQOCvFgBKvhQ==:',
  },
  body: none,
}

const codeOf = (request: ReceivedRequest, now = T): string => {
  try {
    verifyRfc9421(request, { now })
    return 'accepted'
  } catch (error) {
    if (SigningError.is(error) || HotkeyError.is(error)) return error.code
    throw error
  }
}
const withHeaders = (more: Record<string, string | undefined>): ReceivedRequest => ({
  ...known,
  headers: { ...known.headers, ...more },
})
const withInput = (from: string, to: string): ReceivedRequest =>
  withHeaders({ 'signature-input': INPUT.replace(from, to) })

describe('known answers', () => {
  test('a fixed signature of schnorrkel verifies, with and without a body', () => {
    expect(verifyRfc9421(known, { now: T })).toMatchObject({
      scheme: 'rfc9421',
      address: alice,
      nonce: 'BwcHBwcHBwcHBwcHBwcHBw',
      signedAt: T,
      validUntil: T + 60_001,
    })
    expect(verifyRfc9421(knownGet, { now: T }).address).toBe(alice)
  })

  test('who changes the key that was given changes no later verification', () => {
    verifyRfc9421(known, { now: T }).publicKey.fill(0)
    expect(verifyRfc9421(known, { now: T }).address).toBe(alice)
  })

  test.each([
    ['other method', { ...known, method: 'PUT' }, 'BAD_SIGNATURE'],
    ['other path', { ...known, url: url.replace('/url', '/delete') }, 'BAD_SIGNATURE'],
    ['other query', { ...known, url: url.replace('a=1', 'a=2') }, 'BAD_SIGNATURE'],
    ['other host', { ...known, url: url.replace('gw.', 'gw2.') }, 'BAD_SIGNATURE'],
    ['other scheme', { ...known, url: url.replace('https', 'http') }, 'BAD_SIGNATURE'],
    ['other body', { ...known, body: bytes('{"hello": "World"}') }, 'BAD_DIGEST'],
    ['body without digest', withHeaders({ 'content-digest': undefined }), 'BAD_DIGEST'],
    ['body added to a GET', { ...knownGet, body: hello }, 'BAD_DIGEST'],
    ['uncovered digest', { ...knownGet, headers: { ...known.headers, ...knownGet.headers }, body: hello }, 'MALFORMED'],
    ['line break in the URL', { ...known, url: `${url}\n"@x": y` }, 'MALFORMED'],
    ['no signature', withHeaders({ signature: undefined }), 'UNSIGNED'],
    ['label of another', withHeaders({ 'signature-input': INPUT.replace('sluice=', 'proxy=') }), 'UNSIGNED'],
    ['short signature', withHeaders({ signature: 'sluice=:AAAA:' }), 'MALFORMED'],
    ['no structured field', withHeaders({ signature: 'sluice=:A' }), 'MALFORMED'],
    ['other nonce', withInput('BwcHB', 'BwcHC'), 'BAD_SIGNATURE'],
    ['no nonce', withInput('nonce="BwcHBwcHBwcHBwcHBwcHBw";', ''), 'MALFORMED'],
    ['other algorithm', withInput('sr25519', 'ed25519'), 'MALFORMED'],
    ['other tag', withInput('tag="sluice"', 'tag="other"'), 'MALFORMED'],
    ['other key', withInput(alice, '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'), 'BAD_SIGNATURE'],
    ['key with a wrong checksum', withInput(alice, alice.replace('tQY', 'tQZ')), 'BAD_HOTKEY'],
    ['unknown parameter', withInput('alg=', 'x=1;alg='), 'MALFORMED'],
    ['milliseconds for seconds', withInput('created=1763700000', 'created=1763700000000'), 'MALFORMED'],
    ['fractions', withInput('created=1763700000', 'created=1763700000.5'), 'MALFORMED'],
    ['no expiry', withInput('expires=1763700060;', ''), 'MALFORMED'],
    ['an hour of life', withInput('expires=1763700060', 'expires=1763703600'), 'MALFORMED'],
    ['method not covered', withInput('"@method" ', ''), 'MALFORMED'],
    ['component twice', withInput('"@method"', '"@method" "@method"'), 'MALFORMED'],
    ['component with a parameter', withInput('"@method"', '"@method";req'), 'MALFORMED'],
  ] satisfies [string, ReceivedRequest, string][])('%s is refused', (_what, request, code) => {
    expect(codeOf(request)).toBe(code)
  })

  test('the window has two sides', () => {
    expect([-5001, -5000, 60_000, 60_001].map((age) => codeOf(known, T + age))).toEqual([
      'NOT_YET',
      'accepted',
      'accepted',
      'EXPIRED',
    ])
  })
})

describe('round trips', () => {
  const hotkey = hotkeyOf(3)
  const received = async (body: Uint8Array, signed = hotkey): Promise<ReceivedRequest> => {
    const signer = createSigner({ hotkey: signed, now: () => T })
    return { method: 'POST', url, headers: await signer.authorize({ method: 'POST', url, body }), body }
  }

  test('any body', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (body) => {
        expect(verifyRfc9421(await received(body), { now: T }).address).toBe(hotkey.address)
      }),
      { numRuns: 10 },
    )
  })

  test('two requests never share a nonce', async () => {
    const nonces = await Promise.all([1, 2].map(async () => verifyRfc9421(await received(hello), { now: T }).nonce))
    expect(new Set(nonces).size).toBe(2)
  })

  test('a wallet that signs <Bytes>…</Bytes> is accepted', async () => {
    const wrapping = { ...hotkey, sign: (message: Uint8Array) => hotkey.sign(wrapBytes(message)) }
    expect(verifyRfc9421(await received(hello, wrapping), { now: T }).address).toBe(hotkey.address)
  })

  test('the key counts, not the prefix of its address', () => {
    for (const address of aliceElsewhere) {
      const request = withInput(alice, address)
      // The text of keyid is signed, so the signature differs; the key is recognised all the same.
      const seen = verifyRfc9421(request, { now: T, verifySignature: () => true })
      expect(seen.address).toBe(alice)
    }
  })

  test('a proxy may add its own signature', async () => {
    const request = await received(hello)
    const headers = {
      ...request.headers,
      'signature-input': `proxy=("@method");created=1, ${request.headers['signature-input']}`,
      signature: `proxy=:AAAA:, ${request.headers['signature']}`,
    }
    expect(verifyRfc9421({ ...request, headers }, { now: T }).address).toBe(hotkey.address)
  })

  test('every flipped bit of the signature is refused', async () => {
    const request = await received(hello)
    const raw = Buffer.from((request.headers['signature'] ?? '').slice(8, -1), 'base64')
    for (let at = 0; at < 64; at += 3) {
      const changed = Buffer.from(raw)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      const headers = { ...request.headers, signature: `sluice=:${changed.toString('base64')}:` }
      expect(codeOf({ ...request, headers })).toBe('BAD_SIGNATURE')
    }
  })
})

test('hostile headers end in the typed error', () => {
  const junk = fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom(INPUT, 'sluice=()', 'sluice=1', 'sluice=:AA==:'))
  fc.assert(
    fc.property(junk, junk, junk, fc.string(), (input, signature, digest, target) => {
      const headers = { 'signature-input': input, signature, 'content-digest': digest }
      expect(codeOf({ method: 'POST', url: target, headers, body: hello })).not.toBe('accepted')
    }),
    { numRuns: 2000 },
  )
})
