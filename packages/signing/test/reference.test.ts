import { addressOf, verifySr25519 } from '@sluice/hotkey'
import { cryptoWaitReady, sr25519PairFromSeed, sr25519Sign, sr25519Verify } from '@polkadot/util-crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { createSigner, type ReceivedRequest, verifyRfc9421 } from '../src/index.ts'
import { hello, hotkeyOf, T } from './people.ts'

beforeAll(async () => void (await cryptoWaitReady()))

const url = 'https://gw.example.com/uploads/url'

test('what schnorrkel signs verifies here, and the other way round', async () => {
  const pair = sr25519PairFromSeed(new Uint8Array(32).fill(9))
  const { publicKey } = pair
  const theirs = { address: addressOf(publicKey), publicKey, sign: (message: Uint8Array) => sr25519Sign(message, pair) }
  const headers = await createSigner({ hotkey: theirs, now: () => T }).authorize({ method: 'POST', url, body: hello })
  const request: ReceivedRequest = { method: 'POST', url, headers, body: hello }
  expect(verifyRfc9421(request, { now: T }).address).toBe(theirs.address)

  const ours = hotkeyOf(9)
  expect(ours.address).toBe(theirs.address)
  const signature = await ours.sign(hello)
  expect(sr25519Verify(hello, signature, pair.publicKey)).toBe(true)
  expect(verifySr25519(hello, signature.slice(1), pair.publicKey)).toBe(false)
})

test('nothing of Node is imported, so that it runs in a browser', () => {
  const folder = new URL('../src/', import.meta.url)
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/from '([^']+)'/g)].map(([, name]) => name ?? ''),
  )
  const outside = new Set(imports.filter((name) => !name.startsWith('./')))
  expect([...outside].sort()).toEqual(['@noble/hashes/sha2.js', '@scure/base', '@sluice/hotkey', 'structured-headers'])
})
