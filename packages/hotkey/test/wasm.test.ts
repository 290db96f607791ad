import { getPublicKey, secretFromSeed, sign, verify } from '@scure/sr25519'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifySr25519 } from '../src/index.ts'
import { loadVerifier } from '../src/wasm.ts'

const fast = await loadVerifier()
const secret = secretFromSeed(new Uint8Array(32).fill(1))
const publicKey = getPublicKey(secret)

test('a fixed signature of schnorrkel verifies', () => {
  const alice = Buffer.from('d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d', 'hex')
  const bob = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'
  const message = `s3:data:access:${bob}:5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY:1763700000`
  const signature =
    '10bfcb71a034036c3c592466713625f1b9e357a86718fb3f3c39ea747134b21cfeefc1685e6d9f593b9ff775592979a1f40e9b91e9301f9334431fa1f0a9dc82'
  const bytes = Buffer.from(signature, 'hex')
  expect(fast(new TextEncoder().encode(message), bytes, alice)).toBe(true)
  // A Buffer shares its memory with its slices.
  expect(bytes.toString('hex')).toBe(signature)
  expect(fast(new TextEncoder().encode(`${message}0`), bytes, alice)).toBe(false)
})

test('it agrees with the reference on good signatures of any message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (message, seed) => {
      const key = secretFromSeed(seed)
      const signature = sign(key, message)
      expect(fast(message, signature, getPublicKey(key))).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('it agrees with the reference wherever the message ends in a block of the hash, and on long ones', () => {
  const lengths = [...Array.from({ length: 168 }, (_, length) => length), 4_095, 4_096, 20_000]
  for (const length of lengths) {
    const message = new Uint8Array(length).fill(length)
    expect(fast(message, sign(secret, message), publicKey), `${length} bytes`).toBe(true)
  }
})

test('it agrees with the reference on every mutation', () => {
  const message = new TextEncoder().encode('message')
  const signature = sign(secret, message)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 102 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const all = Uint8Array.from([...signature, ...publicKey, ...message])
      all[at]! ^= flip
      const parts = [all.slice(96), all.slice(0, 64), all.slice(64, 96)] as const
      expect(fast(...parts)).toBe(verifySr25519(...parts))
      expect(fast(...parts)).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('a signature cannot be rewritten: s plus the order, no mark, other lengths', () => {
  const message = new TextEncoder().encode('message')
  const signature = sign(secret, message)
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = signature.slice(32)
  s[31]! &= 0x7f
  const value = s.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n) + order
  const bytes = Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))
  const rewritten = Uint8Array.from([...signature.slice(0, 32), ...bytes])
  rewritten[63]! |= 0x80
  const unmarked = Uint8Array.from(signature)
  unmarked[63]! &= 0x7f
  expect(verify(message, signature, publicKey)).toBe(true)
  for (const bad of [rewritten, unmarked, signature.slice(1), new Uint8Array(64), new Uint8Array(64).fill(255)]) {
    expect(fast(message, bad, publicKey)).toBe(false)
  }
  expect(fast(message, signature, publicKey.slice(1))).toBe(false)
  expect(fast(message, signature, new Uint8Array(32))).toBe(false)
  // The identity as key would let anybody sign.
  const forged = new Uint8Array(64)
  forged[63] = 0x80
  expect(fast(message, forged, new Uint8Array(32))).toBe(false)
  // s = 1, R = B
  forged.set(Buffer.from('e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76', 'hex'))
  forged[32] = 1
  expect(fast(message, forged, new Uint8Array(32))).toBe(false)
})
