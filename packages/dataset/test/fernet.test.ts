import { createCipheriv, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFieldEncoding, DatasetError } from '../src/index.ts'
import { createFernetSealer, openFernet, readFernetKey } from '../src/encoding/fernet.ts'

// generate.json, verify.json and invalid.json of https://github.com/fernet/spec
const SECRET = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4='
const HELLO = 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=='
const HELLO_SECONDS = 499_162_800
const FIRST_IV = Uint8Array.from({ length: 16 }, (_, i) => i)

const PUBLIC_KEY = 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE='
const PRIVATE_KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='

test('the specification’s generate.json', () => {
  const token = createFernetSealer(readFernetKey(SECRET)).seal(Buffer.from('hello'), HELLO_SECONDS, FIRST_IV)
  expect(token.toString('latin1')).toBe(HELLO)
})

test('the specification’s verify.json', () => {
  const { plain, seconds } = openFernet(readFernetKey(SECRET), HELLO)
  expect(plain.toString()).toBe('hello')
  expect(seconds).toBe(HELLO_SECONDS)
})

test.each([
  [
    'incorrect mac',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==',
  ],
  ['too short', 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=='],
  [
    'invalid base64',
    '%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==',
  ],
  [
    'size no multiple',
    'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm',
  ],
  ['padding', 'gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw=='],
  [
    'incorrect IV',
    'gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==',
  ],
])('the specification’s invalid.json: %s', (_, token) => {
  expect(() => openFernet(readFernetKey(SECRET), token)).toThrow(expect.objectContaining({ code: 'BAD_TOKEN' }))
})

test('a field that Python’s cryptography 48 encrypted in double base64 is read', () => {
  const encoded =
    'Z0FBQUFBQm1fekFBRUJFU0V4UVZGaGNZR1JvYkhCMGVId3A2UzVBTnNqZGwtRTRNcFFRSGRrZTN0dGJZLUpqZXJHUFR4Q2lDWGFwTkxncmNrUnpu' +
    'SFBpcExQN296aGVsejFiSEllUG9NU0RkeGxmSXNEcDlwR2hEbXk5TGtmM3lrZ055WVYydDEzVDk='
  const encoding = createFieldEncoding({ publicKey: PUBLIC_KEY, privateKey: PRIVATE_KEY })
  expect(Buffer.from(encoding.decode('private', encoded)).toString()).toBe('https://x.com/Ünïcode/status/1')
  expect(() => encoding.decode('public', encoded)).toThrow(DatasetError)
})

test('any text comes back, the same text in the same hour gives the same token, another key none', () => {
  const encoding = createFieldEncoding({ publicKey: PUBLIC_KEY, privateKey: PRIVATE_KEY })
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 2 ** 33 }), (text, seconds) => {
      const encoded = encoding.encode('private', text, seconds)
      expect(encoding.encode('private', text, seconds)).toBe(encoded)
      expect(encoding.encode('public', text, seconds)).not.toBe(encoded)
      expect(Buffer.from(encoding.decode('private', encoded)).toString()).toBe(text)
      expect(() => encoding.decode('public', encoded)).toThrow(expect.objectContaining({ code: 'BAD_TOKEN' }))
    }),
  )
})

test('a damaged token is refused, whatever was changed', () => {
  fc.assert(
    fc.property(fc.nat(HELLO.length - 1), fc.constantFrom('A', 'z', '_', '='), (at, char) => {
      const damaged = HELLO.slice(0, at) + char + HELLO.slice(at + 1)
      fc.pre(damaged !== HELLO)
      expect(() => openFernet(readFernetKey(SECRET), damaged)).toThrow(DatasetError)
    }),
  )
})

test.each(['', 'short', 'AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE', `${SECRET}AAAA`])('no key: %s', (key) => {
  expect(() => createFieldEncoding({ publicKey: PUBLIC_KEY, privateKey: key })).toThrow(
    expect.objectContaining({ code: 'BAD_ENCODING_KEY' }),
  )
})

test('a field that is no base64 is refused', () => {
  const encoding = createFieldEncoding({ publicKey: PUBLIC_KEY, privateKey: PRIVATE_KEY })
  expect(() => encoding.decode('public', 'ä')).toThrow(expect.objectContaining({ code: 'BAD_TOKEN' }))
})

/** The definition, step by step with Node's own objects. */
function encodedBy(keyText: string, plain: Uint8Array, seconds: number): string {
  const key = Buffer.from(keyText, 'base64url')
  const iv = createHmac('sha256', key.subarray(0, 16)).update('sluice fernet iv v1\0').update(plain).digest()
  const cipher = createCipheriv('aes-128-cbc', key.subarray(16), iv.subarray(0, 16))
  const time = Buffer.alloc(8)
  time.writeBigUInt64BE(BigInt(seconds))
  const body = Buffer.concat([Buffer.of(0x80), time, iv.subarray(0, 16), cipher.update(plain), cipher.final()])
  const token = Buffer.concat([body, createHmac('sha256', key.subarray(0, 16)).update(body).digest()])
  const text = token.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

test('property: tokens in any sequence are those of the definition, long ones too', () => {
  const encoding = createFieldEncoding({ publicKey: PUBLIC_KEY, privateKey: PRIVATE_KEY })
  const plain = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.integer({ min: 4000, max: 5000 }).map((length) => new Uint8Array(length).fill(length)),
  )
  const call = fc.record({
    plain,
    seconds: fc.integer({ min: 0, max: 2 ** 40 }),
    name: fc.constantFrom('public', 'private'),
  })
  fc.assert(
    fc.property(fc.array(call, { minLength: 1, maxLength: 5 }), (calls) => {
      for (const { name, plain: bytes, seconds } of calls) {
        const key = name === 'public' ? PUBLIC_KEY : PRIVATE_KEY
        expect(encoding.encode(name, bytes, seconds)).toBe(encodedBy(key, bytes, seconds))
      }
    }),
    { numRuns: 500 },
  )
})
