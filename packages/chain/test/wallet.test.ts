import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sr25519Verify } from '@polkadot/util-crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hotkeyFromUri, loadHotkey } from '../src/index.ts'

/** Substrate's public development phrase and its root address. */
const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const root = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const rootSeed = '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'
/** //Alice, with her secret as polkadot-js tools show it (scalar times 8). */
const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const aliceSecret =
  '0x98319d4ff8a9508c4bb0cf0b5a78d760a0b2082c02775e6e82370816fedfff48' +
  '925a225d97aa00682d6a59b95b18780c10d7032336e88f3442b42361f4a66011'
/** A keyfile with the phrase above, sealed by libsodium itself with the password "correct horse 13". */
const sealed = Buffer.from(
  'JE5BQ0wBAgMEBQYHCAkKCwwNDg8QERITFBUWFxirVcF+XUKayBtfPx4hHeQmItQC+qD4KaBN2q503r/e0Y9vTQRsOwOzmNArvQOIorVtCfZ1r0' +
    'KJxT5l6E617LTdesYF0Ib4A9VhtIizhhnXBh5qrHM+OFKVV8C9/+1qA1o5YlhSn7qHCfgds2e0VTmTnWRrZRkrpCQBoF66oF4IHSG6Xc1IkAAa' +
    'QRgNyPg/aduj/MpQZmbMtO+2YjllEmozl7Ox7GlvWgPY',
  'base64',
)

/** schnorrkel's own form of a secret: the scalar divided by 8, little-endian, then the nonce. */
const canonical = (secret: string): string => {
  const bytes = Buffer.from(secret.slice(2), 'hex')
  const scalar = BigInt(`0x${Buffer.from(bytes.subarray(0, 32)).reverse().toString('hex')}`) / 8n
  const divided = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex').reverse()
  return `0x${Buffer.concat([divided, bytes.subarray(32)]).toString('hex')}`
}

describe('keys from a URI', () => {
  it.each([
    ['//Alice', alice],
    [phrase, root],
    [rootSeed, root],
    [`${phrase}//Alice`, alice],
  ])('%s', async (uri, address) => {
    const hotkey = await hotkeyFromUri(uri)
    expect(hotkey.address).toBe(address)
    const message = new TextEncoder().encode('a manifest')
    expect(sr25519Verify(message, await hotkey.sign(message), hotkey.publicKey)).toBe(true)
  })

  it('never repeats what was given when it is no key', async () => {
    const secret = 'bottom drive obey lake curtain smoke basket hold race lonely fit fit'
    const failure = await hotkeyFromUri(secret).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'BAD_KEY_URI', retryable: false })
    expect(String(failure)).not.toContain('curtain')
    expect((failure as Error).cause).toBeUndefined()
    for (const text of ['0x1234', 'default', '', '/Alice', `${phrase.slice(7)}//Alice`]) {
      await expect(hotkeyFromUri(text)).rejects.toMatchObject({ code: 'BAD_KEY_URI' })
    }
  })
})

describe('Bittensor keyfiles', () => {
  let walletPath: string
  beforeAll(async () => {
    walletPath = await mkdtemp(join(tmpdir(), 'sluice-wallet-'))
    await mkdir(join(walletPath, 'owner', 'hotkeys'), { recursive: true })
  })
  afterAll(async () => {
    await rm(walletPath, { recursive: true, force: true })
  })

  const load = async (content: string | Uint8Array | object, password?: string) => {
    const body = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content)
    await writeFile(join(walletPath, 'owner', 'hotkeys', 'default'), body)
    return await loadHotkey({ walletPath, walletName: 'owner', hotkeyName: 'default', password })
  }

  it.each([
    ['phrase', { secretPhrase: phrase, secretSeed: null, ss58Address: root }, root],
    ['seed', { secretSeed: rootSeed, ss58Address: root }, root],
    ['seed without 0x', { secretSeed: rootSeed.slice(2), ss58Address: root }, root],
    ['private key', { privateKey: aliceSecret, publicKey: '0x', ss58Address: alice }, alice],
    ['private key as schnorrkel writes it', { privateKey: canonical(aliceSecret), ss58Address: alice }, alice],
    ['all of them', { accountId: '0x', secretPhrase: phrase, secretSeed: rootSeed, ss58Address: root }, root],
  ])('plain, with %s', async (_what, content, address) => {
    const hotkey = await load(content)
    expect(hotkey.address).toBe(address)
    const message = Uint8Array.from([1, 2, 3])
    expect(sr25519Verify(message, await hotkey.sign(message), hotkey.publicKey)).toBe(true)
  })

  it('encrypted with a password', { timeout: 120_000 }, async () => {
    await expect(load(sealed)).rejects.toMatchObject({ code: 'PASSWORD_REQUIRED' })
    await expect(load(sealed, 'wrong horse')).rejects.toMatchObject({ code: 'BAD_PASSWORD' })
    expect((await load(sealed, 'correct horse 13')).address).toBe(root)
  })

  it.each([
    ['no JSON', 'correct horse'],
    ['no UTF-8', Uint8Array.from([0xff, 0xfe])],
    ['empty', ''],
    ['an array', '[]'],
    ['without address', { secretPhrase: phrase }],
    ['a broken address', { secretPhrase: phrase, ss58Address: root.slice(1) }],
    ['another key', { secretPhrase: phrase, ss58Address: alice }],
    ['a private key of another', { privateKey: aliceSecret, ss58Address: root }],
    ['a private key that is none', { privateKey: `0x${'ff'.repeat(64)}`, ss58Address: root }],
    ['only the public part', { ss58Address: root, publicKey: '0x' }],
    ['cut off', '$NACL1234'],
    ['Ansible Vault', '$ANSIBLE_VAULT;1.1;AES256'],
    ['legacy', 'gAAAAABk'],
  ])('refused: %s', async (_what, content) => {
    const failure = await load(content, 'x').catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'ChainError', code: 'BAD_WALLET' })
    expect(String(failure)).not.toContain('curtain')
  })

  it('names the file that is missing, and takes no path for a name', async () => {
    const missing = loadHotkey({ walletPath, walletName: 'nobody', hotkeyName: 'default' })
    await expect(missing).rejects.toMatchObject({ code: 'NO_WALLET' })
    await expect(missing).rejects.toThrow(/nobody\/hotkeys\/default/)
    for (const walletName of ['../etc', '', '..', 'a\\b']) {
      await expect(loadHotkey({ walletPath, walletName, hotkeyName: 'default' })).rejects.toThrow(/name/)
    }
    const home = loadHotkey({ walletPath: '~/no-such-folder', walletName: 'a', hotkeyName: 'b' })
    await expect(home).rejects.toThrow(/^(?!.*~).*no-such-folder/)
    await expect(loadHotkey({ walletName: 'no such wallet', hotkeyName: 'b' })).rejects.toThrow(/\.bittensor\/wallets/)
  })
})
