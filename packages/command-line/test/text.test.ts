import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printable, shortened } from '../src/index.ts'
import { snakeCased } from '../src/json.ts'
import { nearest, spellings } from '../src/spelling.ts'
import { table } from '../src/table.ts'

const hotkey = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'

describe('printable', () => {
  it.each([
    ['plain text, ümlaut, 日本', 'plain text, ümlaut, 日本'],
    ['\u001b[31mred\u001b[0m', '?[31mred?[0m'],
    ['a\r\nb\tc', 'a??b?c'],
    ['\u009b2J\u007f', '?2J?'],
    ['user\u202etxt.exe\u200e\u2066\u061c', 'user?txt.exe???'],
    ['a\u2028b\u2029', 'a?b?'],
  ])('makes %j harmless', (text, safe) => {
    expect(printable(text)).toBe(safe)
  })

  it('leaves no control character and no turning mark in any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\u202e\u2028]/u.test(printable(text))))
  })

  it('leaves out the middle of what is long', () => {
    expect(shortened(hotkey, 9)).toBe('5Grw…utQY')
    expect(shortened('a\nb', 9)).toBe('a?b')
  })
})

describe('table', () => {
  it('has lines where there is room, then none, then wraps between words, then is a list', () => {
    const head = ['uid', 'hotkey', 'stores on']
    const rows = [['1', hotkey, 'S3 and HuggingFace']]
    expect(table(head, rows, 84)).toContain('│ 1   │ 5Grw')
    expect(table(head, rows, 78)).toBe(
      `uid  hotkey                                            stores on\n1    ${hotkey}  S3 and HuggingFace`,
    )
    expect(table(head, rows, 70)).toContain('HuggingFace')
    expect(table(head, rows, 70).split('\n')).toHaveLength(3)
    expect(table(head, rows, 60)).toBe(`uid        1\nhotkey     ${hotkey}\nstores on  S3 and HuggingFace`)
  })

  it('never is wider than the terminal unless it is a list, and loses no word', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'B', '1', ' ', '…'), maxLength: 30 })
    const rows = fc
      .integer({ min: 1, max: 6 })
      .chain((columns) =>
        fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }),
      )
    fc.assert(
      fc.property(rows, fc.integer({ min: 20, max: 120 }), (rows, width) => {
        const head = (rows[0] ?? []).map((_, at) => `column${at}`)
        const drawn = table(head, rows, width)
        const isList =
          drawn.split('\n')[0]?.startsWith('column0  ') === true &&
          head.length > 1 &&
          !drawn.includes('column0  column1')
        if (!isList)
          expect(Math.max(...drawn.split('\n').map((line) => line.trimEnd().length))).toBeLessThanOrEqual(
            Math.max(width, 8),
          )
        const words = rows
          .flat()
          .flatMap((text) => text.split(' '))
          .filter(Boolean)
        for (const word of words) expect(drawn).toContain(word)
      }),
    )
  })

  it('lets no cell steer the terminal', () => {
    expect(table(['a'], [['\u001b[2J']], 80)).toContain('?[2J')
  })
})

it('JSON keys are snake_case, and keys that are data stay', () => {
  expect(
    snakeCased({ blockHash: 1, minersOnS3: [{ sha256: 'x', hubURL: 2n }], [hotkey]: { A_B: null }, at: new Date(0) }),
  ).toEqual({
    block_hash: 1,
    miners_on_s3: [{ sha256: 'x', hub_url: '2' }],
    [hotkey]: { A_B: null },
    at: '1970-01-01T00:00:00.000Z',
  })
})

it('dots, dashes and underscores are one', () => {
  expect(spellings('wallet.name')).toEqual(['wallet.name', 'wallet-name', 'wallet_name'])
  expect(spellings('no-checksums_x')).toHaveLength(9)
  expect(spellings('yes')).toEqual(['yes'])
})

it('finds the word that was meant, and none that is far', () => {
  const known = ['status', 'set', 'rollout', 'explain']
  expect(['statsu', 'rolout', 'sett', 'exlain'].map((word) => nearest(word, known))).toEqual([
    'status',
    'rollout',
    'set',
    'explain',
  ])
  expect(nearest('publish', known)).toBeNull()
})
