import { expect, it } from 'vitest'
import { ChainError } from '@sluice/chain'
import { RolloutError } from '@sluice/rollout'
import { CliError, readSettings } from '../src/index.ts'
import { failureOf } from '../src/errors.ts'
import { bytesAsText, printable } from '../src/printable.ts'

it.each([
  ['plain text, ümlaut, 日本', 'plain text, ümlaut, 日本'],
  ['\u001b[31mred\u001b[0m', '?[31mred?[0m'],
  ['a\r\nb\tc', 'a??b?c'],
  ['\u009b2J', '?2J'],
  ['user\u202etxt.exe', 'user?txt.exe'],
  ['a\u2028b', 'a?b'],
])('makes %j harmless', (text, safe) => {
  expect(printable(text)).toBe(safe)
})

it('shows bytes as text only when they are printable ASCII', () => {
  expect(bytesAsText(new TextEncoder().encode('sluice|1'))).toBe('sluice|1')
  expect(bytesAsText(new TextEncoder().encode('é'))).toBe('0xc3a9')
  expect(bytesAsText(new Uint8Array())).toBe('0x')
})

it('has an exit code for every kind of failure', () => {
  expect(failureOf(new CliError('INTERRUPTED', 'x')).exitCode).toBe(130)
  expect(failureOf(new ChainError('NO_SPACE', 'x')).exitCode).toBe(6)
  expect(failureOf(new RolloutError('DOES_NOT_FIT', 'x')).exitCode).toBe(6)
  expect(failureOf(new RolloutError('BAD_POLICY', 'x')).exitCode).toBe(2)
  expect(failureOf(new TypeError('x'))).toMatchObject({ exitCode: 1, code: 'UNEXPECTED' })
  expect(failureOf('thrown text').exitCode).toBe(1)
})

it('takes an empty variable for none', () => {
  expect(readSettings({ SLUICE_NETWORK: '', NO_COLOR: '1', SLUICE_CHAIN_ENDPOINT: 'ws://x' })).toEqual({
    chainEndpoint: 'ws://x',
    network: undefined,
    walletPath: undefined,
    walletPassword: undefined,
    colour: false,
  })
})
