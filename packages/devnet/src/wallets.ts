/** Writes the keys of the development chain as Bittensor wallets, so that every tool finds them by name. */
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { u8aToHex } from '@polkadot/util'
import { decodeAddress } from '@polkadot/util-crypto'
import type { Neuron } from '@sluice/dev-chain'
import { developmentKeys } from '@sluice/dev-chain'

/** `owner`, `validator-0`…, `miner-0`…: folder names under `wallets/`, in the order of the neurons. */
export function walletNames(neurons: readonly Neuron[]): readonly string[] {
  const counts = new Map<string, number>()
  return neurons.map(({ role }) => {
    if (role === 'owner') return 'owner'
    const count = counts.get(role) ?? 0
    counts.set(role, count + 1)
    return `${role}-${count}`
  })
}

/**
 * Writes `{directory}/wallets/{name}/hotkeys/default` (plain JSON keyfile) and `coldkeypub.txt` for every neuron, and
 * answers with the wallets' folder. The keys are public development keys; files are still 0600, as Bittensor wants.
 */
export async function writeWallets(directory: string, neurons: readonly Neuron[]): Promise<string> {
  const root = join(directory, 'wallets')
  const names = walletNames(neurons)
  const { pairOf } = await developmentKeys()
  for (const [index, neuron] of neurons.entries()) {
    const folder = join(root, names[index] ?? String(index))
    await mkdir(join(folder, 'hotkeys'), { recursive: true })
    await writePrivate(join(folder, 'hotkeys', 'default'), keyfile(neuron, pairOf(neuron.uri).secretKey))
    await writePrivate(join(folder, 'coldkeypub.txt'), publicFile(neuron.coldkey))
  }
  return root
}

async function writePrivate(path: string, content: object): Promise<void> {
  await writeFile(path, JSON.stringify(content), { mode: 0o600 })
  await chmod(path, 0o600)
}

function publicFile(address: string): Readonly<Record<string, string>> {
  const publicKey = u8aToHex(decodeAddress(address))
  return { accountId: publicKey, publicKey, ss58Address: address }
}

/** Derived keys have no phrase or seed of their own, so the private key stands for them (bittensor-wallet keyfile). */
function keyfile({ hotkey }: Neuron, secretKey: Uint8Array): object {
  return { ...publicFile(hotkey), privateKey: u8aToHex(plainScalar(secretKey)), secretPhrase: null, secretSeed: null }
}

/**
 * The library keeps the scalar times 8 (schnorrkel `to_ed25519_bytes`); keyfiles hold it plainly (`to_bytes`).
 * The other 32 bytes, the nonce seed, are the same.
 */
function plainScalar(secretKey: Uint8Array): Uint8Array {
  const out = Uint8Array.from(secretKey)
  for (let index = 0; index < 32; index += 1) {
    const next = index < 31 ? (secretKey[index + 1] ?? 0) : 0
    out[index] = ((secretKey[index] ?? 0) >> 3) | ((next & 7) << 5)
  }
  return out
}
