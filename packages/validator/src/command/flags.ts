import { type Command, InvalidArgumentError, Option } from 'commander'

/** Flags of every command. */
export interface CommonFlags {
  readonly netuid?: number
  readonly 'subtensor.network'?: string
  readonly 'subtensor.chain_endpoint'?: string
  readonly 'wallet.name'?: string
  readonly 'wallet.hotkey'?: string
  readonly 'wallet.path'?: string
  readonly s3Endpoint?: string
  readonly s3Bucket?: string
  readonly hfEndpoint?: string
  readonly pointers?: string
  readonly state?: string
  readonly json?: boolean
}

export interface CheckFlags extends CommonFlags {
  readonly hotkey: string
  readonly uri?: readonly string[]
  readonly source?: string | number
  readonly bucket?: number
  readonly datetime?: string
  readonly entities?: string
  readonly samples?: number
}

export interface MonitorFlags extends CommonFlags {
  readonly once?: boolean
  readonly interval: number
  readonly metricsPort?: number
  readonly metricsHost: string
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }
}

function share(text: string): number {
  if (/^\d{1,3}(\.\d{1,6})?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a number from 0 to 999.')
}

/** @throws InvalidArgumentError */
export const readNetuid: (text: string) => number = whole(0, 65_535)

function option(flags: string, text: string, parse?: (value: string) => unknown): Option {
  const made = new Option(flags, text)
  return parse === undefined ? made : made.argParser(parse)
}

function addCommonFlags(command: Command): Command {
  return command
    .addOption(option('--netuid <n>', 'the subnet', readNetuid))
    .addOption(option('--subtensor.network <name>', 'finney (default), test, archive, local'))
    .addOption(option('--subtensor.chain_endpoint <url>', 'ws:// or wss:// URLs, separated by commas'))
    .addOption(option('--wallet.name <name>', 'wallet whose hotkey reads S3 through the gateway'))
    .addOption(option('--wallet.hotkey <name>', 'its hotkey (default: default)'))
    .addOption(option('--wallet.path <folder>', 'default ~/.bittensor/wallets'))
    .addOption(option('--s3-endpoint <url>', 'with direct credentials: in place of the one in the policy'))
    .addOption(option('--s3-bucket <name>', 'with direct credentials: in place of the one in the policy'))
    .addOption(option('--hf-endpoint <url>', 'HuggingFace hub (default https://huggingface.co)'))
    .addOption(option('--pointers <file>', 'JSON {"hotkey": "namespace/name"} that wins over the chain'))
    .addOption(option('--state <file>', 'remembers manifest sequences, so that going back is noticed later'))
    .addOption(option('--json', 'JSON on stdout, nothing else'))
}

export function addCheckFlags(command: Command): Command {
  return addCommonFlags(command)
    .addOption(option('--hotkey <ss58>', 'the miner').makeOptionMandatory())
    .addOption(option('--uri <uri...>', 'URIs to look for'))
    .addOption(
      option('--source <s>', 'source of the --uri: 1, 2, x, reddit, …', (text) =>
        /^\d+$/.test(text) ? Number(text) : text,
      ),
    )
    .addOption(option('--bucket <n>', 'hour of the --uri, counted since 1970', whole(0, 999_999_999)))
    .addOption(option('--datetime <date>', 'date of the --uri, in place of --bucket'))
    .addOption(option('--entities <file>', 'JSON lines or CSV: uri, source, timeBucketId or datetime'))
    .addOption(option('--samples <n>', 'files per backend to read whole (default 1; 0.1 = now and then)', share))
}

export function addMonitorFlags(command: Command): Command {
  return addCommonFlags(command)
    .addOption(option('--once', 'one sweep, then end'))
    .addOption(option('--interval <seconds>', 'time between sweeps', whole(1, 86_400)).default(600))
    .addOption(option('--metrics-port <port>', 'serve /metrics and /healthz there', whole(0, 65_535)))
    .addOption(option('--metrics-host <address>', 'address to serve on').default('127.0.0.1'))
}
