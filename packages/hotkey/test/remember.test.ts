import { expect, test } from 'vitest'
import { addressOf, publicKeyOf } from '../src/index.ts'
import { remembering } from '../src/remember.ts'
import { people } from './people.ts'

const keyOf = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => (n >>> (8 * at)) & 255)

test('what was asked is remembered, up to so many, and errors are not', () => {
  const asked: string[] = []
  const read = remembering((text) => {
    asked.push(text)
    if (text === 'bad') throw new Error('bad')
    return text.length
  }, 2)
  for (const text of ['a', 'bb', 'a', 'bb']) expect(read(text)).toBe(text.length)
  expect(asked).toEqual(['a', 'bb'])
  for (const _ of [1, 2]) expect(() => read('bad')).toThrow('bad')
  expect([read('ccc'), read('a')]).toEqual([3, 1])
  expect(asked).toEqual(['a', 'bb', 'bad', 'bad', 'ccc', 'a'])
})

test('addresses give their own keys, the second time too', () => {
  for (const n of [1, 2, 1, 2]) expect(publicKeyOf(addressOf(keyOf(n)))).toEqual(keyOf(n))
})

test('who changes a key that was given changes nobody else’s', () => {
  const first = publicKeyOf(people.alice)
  const before = first.slice()
  first.fill(0)
  expect(publicKeyOf(people.alice)).toEqual(before)
  expect(publicKeyOf(people.alicePolkadot)).toEqual(before)
})

test('an address with an error is refused each time', () => {
  const wrong = `${people.alice.slice(0, -1)}Z`
  for (const _ of [1, 2]) expect(() => publicKeyOf(wrong)).toThrow('is not a hotkey')
})
