import process from 'node:process'

/** What the examples read from the environment. `sluice-devnet --write-env FILE` writes these lines for a try. */
export interface Settings {
  readonly netuid: number
  /** Where the chain is; without an endpoint of one's own it is the network `finney`. */
  readonly endpoint: string | undefined
  /** Folder of the Bittensor wallets; without it `~/.bittensor/wallets`. */
  readonly walletPath: string | undefined
  readonly hubUrl: string | undefined
  readonly hubToken: string | undefined
  /** True on the devnet alone, whose gateway is on loopback. */
  readonly allowPrivateEndpoints: boolean
}

export function readSettings(): Settings {
  const { env } = process
  return {
    netuid: Number(env['SLUICE_NETUID'] ?? '13'),
    endpoint: env['SLUICE_CHAIN_ENDPOINT'],
    walletPath: env['SLUICE_WALLET_PATH'],
    hubUrl: env['SLUICE_HF_ENDPOINT'],
    hubToken: env['HF_TOKEN'],
    allowPrivateEndpoints: env['SLUICE_ALLOW_PRIVATE_ENDPOINTS'] === 'true',
  }
}
