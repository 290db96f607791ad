import { exactly, needed, optional, type Setting, type Settings, toggle, whole, words } from './setting.ts'

/** Which subnet on which chain. */
export interface ChainValues {
  readonly netuid: number
  /** finney, test, archive, local, or a ws:// URL. */
  readonly network: string | undefined
  /** ws:// or wss:// URLs, separated by commas; wins over `network`. */
  readonly endpoint: string | undefined
}

const subnet = 'Subnet'

/** `--netuid`, the same in every program. */
export const netuid: Setting<number> = needed(whole(0, 65_535), {
  flag: 'netuid',
  value: 'n',
  variables: ['SLUICE_NETUID'],
  group: subnet,
  meaning: 'the subnet',
})

/** `--netuid` and `--subtensor.*`. A network or endpoint of a flag wins over whatever variables say. */
export const chainSettings: Settings<ChainValues> = {
  netuid,
  network: optional(words, {
    flag: 'subtensor.network',
    also: ['network'],
    value: 'name',
    variables: ['SLUICE_NETWORK'],
    group: subnet,
    meaning: 'finney, test, archive, local, or a ws:// URL',
    shown: 'finney',
    beats: ['endpoint'],
  }),
  endpoint: optional(words, {
    flag: 'subtensor.chain_endpoint',
    value: 'urls',
    variables: ['SLUICE_CHAIN_ENDPOINT'],
    group: subnet,
    meaning: 'ws:// or wss:// URLs, separated by commas; wins over the network',
    beats: ['network'],
  }),
}

/** Whose hotkey. */
export interface WalletValues {
  readonly walletName: string | undefined
  readonly hotkeyName: string | undefined
  readonly walletPath: string | undefined
  /** Opens an encrypted hotkey without asking. */
  readonly password: string | undefined
  /** Secret URI, in place of a wallet. */
  readonly hotkeyUri: string | undefined
}

const wallet = 'Wallet'

/** `--wallet.*`. A wallet of a flag wins over a key of a variable. */
export const walletSettings: Settings<WalletValues> = {
  walletName: optional(words, {
    flag: 'wallet.name',
    also: ['wallet', 'name'],
    value: 'name',
    variables: ['SLUICE_WALLET_NAME'],
    group: wallet,
    meaning: 'the wallet',
    shown: 'default',
    beats: ['hotkeyUri'],
  }),
  hotkeyName: optional(words, {
    flag: 'wallet.hotkey',
    also: ['hotkey', 'H'],
    value: 'name',
    variables: ['SLUICE_WALLET_HOTKEY'],
    group: wallet,
    meaning: 'the hotkey in it',
    shown: 'default',
    beats: ['hotkeyUri'],
  }),
  walletPath: optional(words, {
    flag: 'wallet.path',
    also: ['p'],
    value: 'folder',
    variables: ['SLUICE_WALLET_PATH'],
    group: wallet,
    meaning: 'folder of the wallets',
    shown: '~/.bittensor/wallets',
  }),
  password: optional(exactly, {
    variables: ['SLUICE_WALLET_PASSWORD'],
    group: wallet,
    meaning: 'password of an encrypted hotkey; without it a person at a terminal is asked',
    secret: true,
  }),
  hotkeyUri: optional(exactly, {
    variables: ['SLUICE_HOTKEY_URI'],
    group: wallet,
    meaning: 'secret URI of the hotkey (mnemonic, 0x seed, //Path), in place of a wallet',
    secret: true,
  }),
}

/** `--yes`. */
export const consent: Setting<boolean> = toggle({
  flag: 'yes',
  also: ['y', 'no-prompt'],
  meaning: 'do it without asking',
})

/** `finney at wss://entrypoint-finney.opentensor.ai`, or the endpoint alone, for every answer with a fact of the chain. */
export function chainText(chain: { readonly network: string | null; readonly endpoint: string | null }): string {
  const endpoint = chain.endpoint ?? 'no endpoint that answers'
  return chain.network === null ? endpoint : `${chain.network} at ${endpoint}`
}
