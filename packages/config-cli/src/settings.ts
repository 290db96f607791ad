import process from 'node:process'
import { z } from 'zod'

/** What the environment may say; flags win over all of it. */
export interface Settings {
  /** `SLUICE_CHAIN_ENDPOINT`: ws:// or wss:// URLs, separated by commas. */
  readonly chainEndpoint: string | undefined
  /** `SLUICE_NETWORK`: finney, test, archive or local. */
  readonly network: string | undefined
  /** `SLUICE_WALLET_PATH`: folder of the wallets. */
  readonly walletPath: string | undefined
  /** `SLUICE_WALLET_PASSWORD`: opens an encrypted hotkey without asking. */
  readonly walletPassword: string | undefined
  /** False with `NO_COLOR`. */
  readonly colour: boolean
}

const optional = z
  .string()
  .optional()
  .transform((text) => text || undefined)

const schema = z.object({
  SLUICE_CHAIN_ENDPOINT: optional,
  SLUICE_NETWORK: optional,
  SLUICE_WALLET_PATH: optional,
  SLUICE_WALLET_PASSWORD: optional,
  NO_COLOR: optional,
})

/** Reads the environment; an empty variable counts as not set. */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const read = schema.parse(env)
  return {
    chainEndpoint: read.SLUICE_CHAIN_ENDPOINT,
    network: read.SLUICE_NETWORK,
    walletPath: read.SLUICE_WALLET_PATH,
    walletPassword: read.SLUICE_WALLET_PASSWORD,
    colour: read.NO_COLOR === undefined,
  }
}
