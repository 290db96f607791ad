import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  cryptoWaitReady,
  encodeAddress,
  keyExtractPath,
  keyFromPath,
  mnemonicToMiniSecret,
  sr25519PairFromSeed,
} from '@polkadot/util-crypto'

/** Substrate's public development phrase: `//Alice` means this phrase with that path. */
const DEVELOPMENT = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'

const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`

/** The text of a plain Bittensor keyfile for a development key. */
const keyfile = async (path: string): Promise<string> => {
  await cryptoWaitReady()
  const root = sr25519PairFromSeed(mnemonicToMiniSecret(DEVELOPMENT))
  const pair = keyFromPath(root, keyExtractPath(path).path, 'sr25519')
  return JSON.stringify({
    accountId: hex(pair.publicKey),
    publicKey: hex(pair.publicKey),
    privateKey: hex(pair.secretKey),
    secretPhrase: null,
    secretSeed: null,
    ss58Address: encodeAddress(pair.publicKey, 42),
  })
}

/** A folder of wallets, each with a hotkey `default` of the given development key. */
export const createWallets = async (
  keys: Readonly<Record<string, string>>,
): Promise<{ path: string; remove: () => Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'sluice-config-'))
  for (const [name, key] of Object.entries(keys)) {
    await mkdir(join(path, name, 'hotkeys'), { recursive: true })
    const text = key.startsWith('//') ? await keyfile(key) : key
    await writeFile(join(path, name, 'hotkeys', 'default'), text)
  }
  return { path, remove: async () => await rm(path, { recursive: true, force: true }) }
}
