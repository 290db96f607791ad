/** Key pairs of `//Path` URIs: Substrate's public development keys, never to be used elsewhere. */
import type { Keypair } from '@polkadot/util-crypto/types'
import {
  cryptoWaitReady,
  encodeAddress,
  keyExtractSuri,
  keyFromPath,
  mnemonicToMiniSecret,
  sr25519PairFromSeed,
} from '@polkadot/util-crypto'

/** The phrase behind every URI without a phrase. */
const DEVELOPMENT_PHRASE = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'

export interface DevelopmentKeys {
  pairOf(this: void, uri: string): Keypair
  /** sr25519, ss58 prefix 42. */
  addressOf(this: void, uri: string): string
}

/** They are the same for every chain of a process, and deriving them takes most of a chain's start. */
let known: Promise<DevelopmentKeys> | null = null

export function developmentKeys(): Promise<DevelopmentKeys> {
  known ??= deriveKeys()
  return known
}

/** Stretches the phrase once: that takes longer than all derivations together. */
async function deriveKeys(): Promise<DevelopmentKeys> {
  await cryptoWaitReady()
  const root = sr25519PairFromSeed(mnemonicToMiniSecret(DEVELOPMENT_PHRASE))
  const pairs = new Map<string, Keypair>()
  const pairOf = (uri: string): Keypair => {
    const { path } = keyExtractSuri(`${DEVELOPMENT_PHRASE}${uri}`)
    const pair = pairs.get(uri) ?? keyFromPath(root, path, 'sr25519')
    pairs.set(uri, pair)
    return pair
  }
  return { pairOf, addressOf: (uri) => encodeAddress(pairOf(uri).publicKey, 42) }
}
