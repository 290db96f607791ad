import type { CohortRule, RolloutMode } from '@sluice/rollout'
import { type Command, Option } from 'commander'
import * as read from './values.ts'

/** Flags of every command. */
export interface CommonFlags {
  readonly netuid: number
  readonly 'subtensor.network'?: string
  readonly 'subtensor.chain_endpoint'?: string
  readonly json?: boolean
}

/** Flags of the commands that publish. */
export interface ChangeFlags extends CommonFlags {
  readonly 'wallet.name'?: string
  readonly 'wallet.hotkey'?: string
  readonly 'wallet.path'?: string
  readonly yes?: boolean
  readonly dryRun?: boolean
  readonly reshuffle?: boolean
  readonly replace?: boolean
  readonly schedule?: readonly (readonly [block: number, percentage: number])[]
  readonly percentage?: number
  readonly use_s3?: boolean
  readonly use_huggingface?: boolean
  /** `none` clears; so for the three below. */
  readonly bucket_name?: string
  readonly auth_endpoint?: string
  readonly region?: string
  readonly endpoint?: string
  readonly rollout_percentage?: number
  readonly mode?: RolloutMode
  readonly cohort?: CohortRule
  readonly salt?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly hf_sunset_block?: number | 'none'
}

const option = (flags: string, text: string, parse?: (value: string) => unknown): Option => {
  const made = new Option(flags, text)
  return parse === undefined ? made : made.argParser(parse)
}

export const addCommonFlags = (command: Command): Command =>
  command
    .addOption(option('--netuid <n>', 'the subnet', read.netuid).makeOptionMandatory())
    .addOption(option('--subtensor.network <name>', 'finney (default), test, archive, local, or a ws:// URL'))
    .addOption(option('--subtensor.chain_endpoint <url>', 'ws:// or wss:// URLs, separated by commas'))
    .addOption(option('--json', 'one JSON object on stdout, nothing else'))

const addPublishFlags = (command: Command): Command =>
  addCommonFlags(command)
    .addOption(option('--wallet.name <name>', 'wallet that holds the subnet owner hotkey (default: "default")'))
    .addOption(option('--wallet.hotkey <name>', 'name of the hotkey in it (default: "default")'))
    .addOption(option('--wallet.path <dir>', 'folder of the wallets (default: ~/.bittensor/wallets)'))
    .addOption(
      option('--schedule <steps>', 'BLOCK:PERCENTAGE,… that act without further signatures, or none', read.schedule),
    )
    .addOption(option('--replace', 'allow to replace a policy published by newer software'))
    .addOption(option('--yes', 'publish without asking'))
    .addOption(option('--dry-run', 'show everything, send nothing; needs no wallet'))

export const addRolloutFlags = (command: Command): Command =>
  addPublishFlags(command).addOption(option('--percentage <p>', 'share of hotkeys on S3, 0 to 100', read.percentage))

export const addSetFlags = (command: Command): Command =>
  addPublishFlags(command)
    .addOption(option('--use_s3 <bool>', 'S3 on or off', read.flag))
    .addOption(option('--use_huggingface <bool>', 'HuggingFace on or off', read.flag))
    .addOption(option('--bucket_name <name>', 'S3 bucket, or none'))
    .addOption(
      option('--auth_endpoint <url>', 'https URL of the gateway that signs uploads (several: with commas), or none'),
    )
    .addOption(option('--region <name>', 'S3 region'))
    .addOption(option('--endpoint <url>', 'S3 endpoint of a store other than AWS, or none'))
    .addOption(option('--rollout_percentage <p>', 'share of hotkeys on S3, 0 to 100', read.percentage))
    .addOption(option('--mode <mode>', 'what the cohort does').choices(['fallback', 'dual', 'shadow']))
    .addOption(option('--cohort <rule>', 'how the cohort is drawn').choices(['md5-mod100', 'sha256-bp']))
    .addOption(option('--salt <text>', 'salt of sha256-bp, or none', read.salt))
    .addOption(option('--reshuffle', 'allow a change that draws a new cohort (--cohort, --salt)'))
    .addOption(option('--include <hotkeys>', 'hotkeys always in, separated by commas, or none', read.hotkeys))
    .addOption(option('--exclude <hotkeys>', 'hotkeys never in, separated by commas, or none', read.hotkeys))
    .addOption(
      option('--hf_sunset_block <n>', 'from here HuggingFace alone no longer counts, or none', read.optionalBlock),
    )

const plain = (name: string): string => name.replace(/[._]/g, '-')

/** Accepts every spelling of a flag: `--bucket-name`, `--wallet-name`, `--dry_run` are what the command calls them. */
export const spellFlags = (argv: readonly string[], commands: readonly Command[]): string[] => {
  const known = commands.flatMap((command) => command.options.map((flag) => flag.long ?? ''))
  const spelled = new Map(known.map((long) => [plain(long), long]))
  return argv.map((token) => {
    if (!token.startsWith('--') || token === '--') return token
    const [name = '', ...value] = token.split('=')
    return [spelled.get(plain(name)) ?? name, ...value].join('=')
  })
}
