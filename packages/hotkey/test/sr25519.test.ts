import { getPublicKey, secretFromSeed, sign } from '@scure/sr25519'
import { expect, test } from 'vitest'
import { hotkeyFromSeed, isSignedBy, publicKeyOf, verifySr25519, wrapBytes } from '../src/index.ts'
import { people } from './people.ts'

const ALICE = people.alice
const HELLO = 'DSSEv1 29 http://example.com/HelloWorld 11 hello world'

test('known answer: signatures that @polkadot/keyring made with //Alice, plain and <Bytes>-wrapped', () => {
  const plain = Buffer.from(
    'd8adc714c7a2c14c13cacd557ae46f2c20e2c937c46a7a5f526c3bd7e93e6206ba12eeb2780cf500286c944640fdfdc12f37db8ddcf1e6df3dcdbdb728ae618c',
    'hex',
  )
  const wrapped = Buffer.from(
    '166ebc2587c487840143e7e57ebb89cfad67270861cfb0f856efa246045721518c3231ad3706732f0c11185518fa2e8ff20067d0a0ad622019e49fde9e5fb282',
    'hex',
  )
  const key = publicKeyOf(ALICE)
  expect(isSignedBy(key, Buffer.from(HELLO), plain)).toBe(true)
  expect(isSignedBy(key, Buffer.from(HELLO), wrapped)).toBe(true)
  expect(isSignedBy(key, Buffer.from(`${HELLO}.`), plain)).toBe(false)
  expect(isSignedBy(key, Buffer.from(HELLO), plain.subarray(1))).toBe(false)
})

test('a seed gives the key that schnorrkel makes of it, and signs as it does', async () => {
  const seed = new Uint8Array(32).fill(5)
  const hotkey = hotkeyFromSeed(seed)
  expect(hotkey.publicKey).toEqual(getPublicKey(secretFromSeed(seed)))
  expect(publicKeyOf(hotkey.address)).toEqual(hotkey.publicKey)
  const message = new Uint8Array([1, 2, 3])
  expect(isSignedBy(hotkey.publicKey, message, await hotkey.sign(message))).toBe(true)
  expect(() => hotkeyFromSeed(seed.slice(1))).toThrow(expect.objectContaining({ code: 'BAD_HOTKEY' }))
})

test('what is no signature is false, whatever it is', () => {
  const secret = secretFromSeed(new Uint8Array(32).fill(1))
  const key = getPublicKey(secret)
  const message = new Uint8Array(3)
  for (const bad of [new Uint8Array(0), new Uint8Array(64), new Uint8Array(64).fill(255)]) {
    expect(isSignedBy(key, message, bad)).toBe(false)
  }
  expect(isSignedBy(new Uint8Array(32).fill(255), message, sign(secret, message))).toBe(false)
  expect(verifySr25519(message, sign(secret, wrapBytes(message)), key)).toBe(false)
})
