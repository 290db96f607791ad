import { ChainError } from '@sluice/chain'
import { RolloutError } from '@sluice/rollout'
import { expect, it } from 'vitest'
import { failureOf } from '../src/errors.ts'
import { CliError } from '../src/index.ts'
import { bytesAsText } from '../src/show.ts'

it('shows bytes as text only when they are printable ASCII', () => {
  expect(bytesAsText(new TextEncoder().encode('sluice|1'))).toBe('sluice|1')
  expect(bytesAsText(new TextEncoder().encode('é'))).toBe('0xc3a9')
  expect(bytesAsText(new Uint8Array())).toBe('0x')
})

it('has a kind for every failure of its packages, and none for others', () => {
  expect(failureOf(new CliError('NEEDS_REPLACE', 'x'))?.kind).toBe('refused')
  expect(failureOf(new ChainError('NO_SPACE', 'x'))?.kind).toBe('room')
  expect(failureOf(new ChainError('NO_WALLET', 'x'))?.kind).toBe('wallet')
  expect(failureOf(new RolloutError('DOES_NOT_FIT', 'x'))?.kind).toBe('room')
  expect(failureOf(new RolloutError('BAD_POLICY', 'x'))?.kind).toBe('usage')
  expect(failureOf(new TypeError('x'))).toBeNull()
})
