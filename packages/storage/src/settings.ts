import { homedir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import {
  accessSettings,
  type AccessValues,
  chainSettings,
  type ChainValues,
  CommandError,
  exactly,
  needed,
  netuid,
  oneOf,
  optional,
  preset,
  type Setting,
  type Settings,
  walletSettings,
  type WalletValues,
  words,
  yesNo,
} from '@sluice/command-line'
import { type Proxies, proxiesFrom } from '@sluice/http'
import { policyVariables } from './policy/policy-environment.ts'

/** The process's environment; the one place that reads it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

/** Which miner, and where it keeps its state. */
export interface MinerSettings extends WalletValues {
  readonly netuid: number
  readonly stateFile: string | undefined
}

/** What decides where this miner stores. */
export interface PolicySettings extends MinerSettings, ChainValues {
  readonly forceS3: boolean | undefined
  readonly forceHuggingFace: boolean | undefined
}

export interface BucketSettings extends PolicySettings, AccessValues {}

export interface UploadSettings extends BucketSettings {
  /** Path of the miner's database. */
  readonly db: string
  readonly hubNamespace: string | undefined
  readonly hubPrefix: string | undefined
  readonly encodingPublicKey: string | undefined
  readonly encodingPrivateKey: string | undefined
  readonly retention: 'keep' | 'mirror'
}

export const minerSettings: Settings<MinerSettings> = {
  netuid,
  ...walletSettings,
  stateFile: optional(words, {
    flag: 'state-file',
    value: 'file',
    variables: ['SLUICE_STATE_FILE'],
    group: 'State',
    meaning: 'what is stored and queued; the last good policy and open uploads lie beside it',
    shown: '~/.sluice/{wallet}-{hotkey}-{netuid}.sqlite',
  }),
}

const force = (flag: string, variable: string, meaning: string): Setting<boolean | undefined> =>
  optional(yesNo, { flag, value: 'true|false', variables: [variable], group: 'Policy', meaning })

/** Described only: `policyFromEnvironment` reads them, and warns of what makes no sense. */
const standInPolicy = Object.fromEntries(
  policyVariables.map(({ variables, meaning }, at) => {
    return [`policy${at}`, optional(exactly, { variables, group: 'Policy', meaning: `without a chain: ${meaning}` })]
  }),
)

export const policySettings: Settings<PolicySettings> = {
  ...minerSettings,
  ...chainSettings,
  ...standInPolicy,
  forceS3: force(
    'force-s3',
    'SLUICE_FORCE_S3',
    'always or never use S3; the gateway admits the cohort only all the same',
  ),
  forceHuggingFace: force('force-huggingface', 'SLUICE_FORCE_HUGGINGFACE', 'always or never use HuggingFace'),
}

export const bucketSettings: Settings<BucketSettings> = { ...policySettings, ...accessSettings }

const hub = (flag: string, variable: string, meaning: string) =>
  ({ flag, value: 'name', variables: [variable], group: 'HuggingFace', meaning }) as const
const key = (variable: string, meaning: string) =>
  ({ variables: [variable], group: 'Data', meaning, secret: true }) as const

export const uploadSettings: Settings<UploadSettings> = {
  db: needed(words, {
    flag: 'db',
    value: 'file',
    variables: ['SLUICE_DB'],
    group: 'Data',
    meaning: "the miner's SQLite database (table DataEntity)",
  }),
  ...bucketSettings,
  hubNamespace: optional(words, {
    ...hub('hf-namespace', 'SLUICE_HF_NAMESPACE', 'user or organisation'),
    shown: 'that of the token',
  }),
  hubPrefix: optional(words, {
    ...hub('hf-prefix', 'SLUICE_HF_PREFIX', 'the repository is {namespace}/{prefix}_{hotkey}'),
    shown: 'sluice',
  }),
  encodingPublicKey: optional(
    exactly,
    key('SLUICE_ENCODING_PUBLIC_KEY', 'shared key that encodes user names and URLs'),
  ),
  encodingPrivateKey: optional(
    exactly,
    key('SLUICE_ENCODING_PRIVATE_KEY', 'private key that encodes user names and URLs'),
  ),
  retention: preset(oneOf('keep', 'mirror'), 'keep', {
    flag: 'retention',
    variables: ['SLUICE_RETENTION'],
    group: 'Data',
    meaning: 'mirror also deletes remotely what the database prunes',
  }),
}

/** @throws CommandError USAGE when only one of two that belong together is set */
export function checkPairs(settings: Partial<UploadSettings>): void {
  const { accessKeyId, secretAccessKey, encodingPublicKey, encodingPrivateKey } = settings
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new CommandError('USAGE', 'set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none of them')
  }
  if ((encodingPublicKey === undefined) !== (encodingPrivateKey === undefined)) {
    const text = 'set both SLUICE_ENCODING_PUBLIC_KEY and SLUICE_ENCODING_PRIVATE_KEY, or none'
    throw new CommandError('USAGE', text)
  }
}

/** One state file per wallet, hotkey and subnet, so that two miners on one machine never share one by accident. */
export function stateFileOf({ stateFile, walletName, hotkeyName, netuid }: MinerSettings): string {
  if (stateFile !== undefined) return stateFile
  const name = `${walletName ?? 'default'}-${hotkeyName ?? 'default'}-${netuid}`.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  return join(homedir(), '.sluice', `${name}.sqlite`)
}

/** Proxies on the way to others, by the rules of curl. @throws ProxyError `BAD_PROXY` */
export function readProxies(environment: Readonly<Record<string, string | undefined>> = process.env): Proxies {
  return proxiesFrom(environment)
}
