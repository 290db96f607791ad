import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson, parseMembers } from '../src/strict-json.ts'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(plain(parseJson(text))).toEqual(JSON.parse(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses whatever JSON.parse refuses', () => {
    const nearly = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', '0', '\\', ' ', 'e', '-'))
      .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + 1))
    const reads = (read: (text: string) => unknown, text: string): boolean => {
      try {
        read(text)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(nearly, (text) => {
        if (!reads(JSON.parse, text)) expect(reads(parseJson, text), text).toBe(false)
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    ['a key twice', '{"a":1,"a":2}'],
    ['a key twice in another spelling', '{"a":1,"\\u0061":2}'],
    ['an endless number', '{"a":1e999}'],
    ['deep nesting', '['.repeat(100) + ']'.repeat(100)],
    ['endless nesting', '{"a":'.repeat(3000)],
    ['too much text', `"${'a'.repeat(20_000)}"`],
    ['a raw control character', '"\u0001"'],
    ['an octal number', '01'],
    ['text after the end', '{} {}'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it('takes __proto__ as a plain key', () => {
    const value = parseJson('{"__proto__":{"polluted":true}}') as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('keeps the text of top-level members', () => {
    const members = parseMembers(' { "a" : 1.50 , "b":[ 1,2 ], "c":"\\u0041" } ')
    expect(members.map(({ key, text }) => [key, text])).toEqual([
      ['a', '1.50'],
      ['b', '[ 1,2 ]'],
      ['c', '"\\u0041"'],
    ])
    expect(() => parseMembers('[]')).toThrow(SyntaxError)
  })
})
