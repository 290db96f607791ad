import { expect, test } from 'vitest'
import { hotkeyPrefix, publicKeyOf, repositoryName } from '../src/index.ts'
import { people } from './people.ts'

const ALICE = people.alice

test('a hotkey gives its prefix, repository and public key', () => {
  expect(hotkeyPrefix(ALICE)).toBe(`data/hotkey=${ALICE}/`)
  expect(repositoryName('sn13', ALICE)).toBe('sn13_5GrwvaEF')
  expect(Buffer.from(publicKeyOf(ALICE)).toString('hex')).toBe(
    'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d',
  )
  // The same key with Polkadot's prefix 0.
  expect(publicKeyOf('15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5')).toEqual(publicKeyOf(ALICE))
})

test.each(['', 'Alice', ALICE.slice(1), `${ALICE}1`, ALICE.replace('5G', '5H'), '../'.repeat(16), '0'.repeat(48)])(
  'no hotkey: %s',
  (text) => {
    expect(() => hotkeyPrefix(text)).toThrow(expect.objectContaining({ code: 'BAD_HOTKEY' }))
    expect(() => repositoryName('p', text)).toThrow(expect.objectContaining({ code: 'BAD_HOTKEY' }))
  },
)
