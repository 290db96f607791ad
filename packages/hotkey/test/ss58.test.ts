import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressOf, publicKeyOf, HotkeyError } from '../src/index.ts'
import { people } from './people.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('ss58', () => {
  it('knows Alice under every prefix', () => {
    const alice = 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d'
    expect(hex(publicKeyOf(people.alice))).toBe(alice)
    expect(hex(publicKeyOf(people.alicePolkadot))).toBe(alice)
    expect(addressOf(publicKeyOf(people.alicePolkadot))).toBe(people.alice)
  })

  it('gives back every key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(publicKeyOf(addressOf(key))).toEqual(key)
      }),
    )
  })

  it('refuses one changed character anywhere', () => {
    for (let i = 0; i < people.alice.length; i++) {
      const other = people.alice[i] === '2' ? '3' : '2'
      const bad = people.alice.slice(0, i) + other + people.alice.slice(i + 1)
      expect(() => publicKeyOf(bad), bad).toThrow(HotkeyError)
    }
  })

  it.each(['', '5', 'O0Il', `${people.alice}1`, '1'.repeat(40), 'x'.repeat(10_000), '\u001b[31m5Grw', 'z'.repeat(48)])(
    'refuses %j without repeating control characters',
    (text) => {
      const error = ((): unknown => {
        try {
          return publicKeyOf(text)
        } catch (cause) {
          return cause
        }
      })()
      expect(HotkeyError.is(error) && error.code).toBe('BAD_HOTKEY')
      expect(String(error)).not.toContain('\u001b')
      expect(String(error).length).toBeLessThan(200)
    },
  )

  it('refuses a key of another length', () => {
    expect(() => addressOf(new Uint8Array(31))).toThrow(/32 bytes/)
    expect(() => publicKeyOf(42 as unknown as string)).toThrow(/number/)
  })
})
