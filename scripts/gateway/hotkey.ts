import { randomBytes } from 'node:crypto'
import { sr25519KeypairFromSeed, sr25519Sign, waitReady } from '@polkadot/wasm-crypto'
import { addressOf, type Hotkey } from '@sluice/hotkey'

/** A random hotkey that signs in WebAssembly, so that a load generator is not what is measured. */
export async function fastHotkey(): Promise<Hotkey> {
  await waitReady()
  const pair = sr25519KeypairFromSeed(randomBytes(32))
  const [secret, publicKey] = [pair.subarray(0, 64), pair.slice(64)]
  return { address: addressOf(publicKey), publicKey, sign: (message) => sr25519Sign(publicKey, secret, message) }
}
