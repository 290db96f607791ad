import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  chainSettings,
  exactly,
  listOf,
  needed,
  oneOf,
  optional,
  percentage,
  preset,
  resolve,
  several,
  toggle,
  walletSettings,
  whole,
  words,
  yesNo,
} from '../src/index.ts'

const port = preset(whole(0, 65_535), 8080, { flag: 'port', variables: ['PORT', 'OLD_PORT'], meaning: '' })

it('takes the flag before the variable before the default', () => {
  const settings = { port }
  expect(resolve(settings, { port: ['1'] }, { PORT: '2' })).toEqual({ port: 1 })
  expect(resolve(settings, {}, { PORT: '2', OLD_PORT: '3' })).toEqual({ port: 2 })
  expect(resolve(settings, {}, { PORT: '', OLD_PORT: '3' })).toEqual({ port: 3 })
  expect(resolve(settings, {}, { PORT: ' ' })).toEqual({ port: 8080 })
  expect(resolve(settings, { port: ['1', '4'] }, {})).toEqual({ port: 4 })
})

it('a chain named by a flag is not overruled by a variable of another kind', () => {
  const env = { SLUICE_NETUID: '13', SLUICE_CHAIN_ENDPOINT: 'ws://devnet', SLUICE_NETWORK: 'test' }
  expect(resolve(chainSettings, { network: ['finney'] }, env)).toMatchObject({ network: 'finney', endpoint: undefined })
  expect(resolve(chainSettings, { endpoint: ['ws://x'] }, env)).toMatchObject({
    network: undefined,
    endpoint: 'ws://x',
  })
  expect(resolve(chainSettings, {}, env)).toEqual({ netuid: 13, network: 'test', endpoint: 'ws://devnet' })
})

it('a wallet named by a flag wins over a key in a variable', () => {
  const env = { SLUICE_HOTKEY_URI: '//Key', SLUICE_WALLET_NAME: 'theirs' }
  expect(resolve(walletSettings, { walletName: ['mine'] }, env).hotkeyUri).toBeUndefined()
  expect(resolve(walletSettings, { hotkeyName: ['mine'] }, env).hotkeyUri).toBeUndefined()
  expect(resolve(walletSettings, {}, env)).toMatchObject({ hotkeyUri: '//Key', walletName: 'theirs' })
})

it('names every flag and variable that is missing or wrong, in one message, and no secret', () => {
  const settings = {
    port,
    file: needed(words, { argument: 'file', meaning: '' }),
    db: needed(words, { flag: 'db', variables: ['DB'], meaning: '' }),
    key: optional(oneOf('a', 'b', 'c'), { variables: ['KEY'], secret: true, meaning: '' }),
    mode: optional(yesNo, { flag: 'mode', meaning: '' }),
  }
  const attempt = (): unknown => resolve(settings, { port: ['x'], mode: ['may\u001bbe'] }, { KEY: 'hunter2' })
  expect(attempt).toThrow(
    '--port must be a whole number from 0 to 65535, not "x"; <file> is missing; --db or DB is missing; ' +
      'KEY must be a, b or c; --mode must be true or false, not "may?be"',
  )
})

it('reads texts into values', () => {
  const settings = {
    on: toggle({ flag: 'on', variables: ['ON'], meaning: '' }),
    names: several(words, { flag: 'names', meaning: '' }),
    list: optional(listOf(words), { flag: 'list', meaning: '' }),
    password: optional(exactly, { variables: ['PASSWORD'], meaning: '' }),
  }
  const given = { names: ['a', ' b '], list: ['c, d,,'] }
  expect(resolve(settings, given, { ON: 'yes', PASSWORD: ' x ' })).toEqual({
    on: true,
    names: ['a', 'b'],
    list: ['c', 'd'],
    password: ' x ',
  })
  expect(resolve(settings, {}, {})).toEqual({ on: false, names: [], list: undefined, password: undefined })
  expect(() => resolve({ all: several(words, { argument: 'file', meaning: '' }, 1) }, {}, {})).toThrow(
    '<file> is missing',
  )
})

it('a percentage has at most two decimals, is at most 100, and may have its sign', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom('', '%'), (hundredths, sign) => {
      const text = `${hundredths / 100}${sign}`
      if (hundredths <= 10_000) expect(percentage(text)).toBe(hundredths / 100)
      else expect(() => percentage(text)).toThrow('0 to 100')
    }),
  )
  for (const text of ['', '%', '1.234', '-1', '1e1', '25 %', 'NaN']) expect(() => percentage(text)).toThrow('0 to 100')
})
