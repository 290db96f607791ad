import { expect, test } from 'vitest'
import { addressOf, publicKeyOf } from '../src/index.ts'
import { alice, aliceElsewhere } from './people.ts'

const keyOf = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => (n >>> (8 * at)) & 255)

test('more addresses than are remembered give their own keys, the second time too', () => {
  const keys = Array.from({ length: 1500 }, (_, n) => keyOf(n))
  for (const round of [1, 2]) {
    for (const key of keys) expect(publicKeyOf(addressOf(key)), `round ${round}`).toEqual(key)
  }
})

test('who changes a key that was given changes nobody else’s', () => {
  const first = publicKeyOf(alice)
  const before = first.slice()
  first.fill(0)
  expect(publicKeyOf(alice)).toEqual(before)
  expect(publicKeyOf(aliceElsewhere[0])).toEqual(before)
})

test('an address with an error is refused each time', () => {
  const wrong = `${alice.slice(0, -1)}Z`
  for (const _ of [1, 2]) expect(() => publicKeyOf(wrong)).toThrow('not the ss58 address')
})
