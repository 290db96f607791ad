import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { StorageError } from './errors.ts'

/** The process's environment; the one place that reads it. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

const text = z.string().trim().min(1)
const switchText = z
  .string()
  .regex(/^(true|false|1|0|yes|no|on|off)$/i, 'must be true or false')
  .transform((value) => /^(true|1|yes|on)$/i.test(value))

const schema = z.object({
  netuid: z.coerce.number().int().min(0).max(65_535),
  network: text.optional(),
  endpoint: text.optional(),
  walletPath: text.optional(),
  walletName: text.default('default'),
  hotkeyName: text.default('default'),
  password: z.string().optional(),
  hotkeyUri: text.optional(),
  db: text.optional(),
  stateFile: text.optional(),
  hubToken: text.optional(),
  hubNamespace: text.optional(),
  hubPrefix: text.optional(),
  hubUrl: z.url().optional(),
  s3Endpoint: z.url().optional(),
  accessKeyId: text.optional(),
  secretAccessKey: text.optional(),
  sessionToken: text.optional(),
  allowPrivateEndpoints: switchText.optional(),
  pinnedHosts: text.transform((list) => list.split(',')).optional(),
  encodingPublicKey: text.optional(),
  encodingPrivateKey: text.optional(),
  forceS3: switchText.optional(),
  forceHuggingFace: switchText.optional(),
  retention: z.enum(['keep', 'mirror']).default('keep'),
})

/** Settings of `sluice-miner`: flags first, then environment variables. */
export interface Settings {
  readonly netuid: number
  readonly network?: string | undefined
  /** URLs separated by commas. */
  readonly endpoint?: string | undefined
  readonly walletPath?: string | undefined
  readonly walletName: string
  readonly hotkeyName: string
  /** Password of an encrypted hotkey. */
  readonly password?: string | undefined
  /** Secret URI of the hotkey, instead of a wallet. */
  readonly hotkeyUri?: string | undefined
  /** Path of the miner's database. */
  readonly db?: string | undefined
  readonly stateFile: string
  readonly hubToken?: string | undefined
  readonly hubNamespace?: string | undefined
  readonly hubPrefix?: string | undefined
  readonly hubUrl?: string | undefined
  readonly s3Endpoint?: string | undefined
  readonly accessKeyId?: string | undefined
  readonly secretAccessKey?: string | undefined
  readonly sessionToken?: string | undefined
  /** For a devnet: endpoints of the policy may be http, loopback or private. */
  readonly allowPrivateEndpoints?: boolean | undefined
  /** The only hosts that endpoints of the policy, and URLs signed there, may have. */
  readonly pinnedHosts?: readonly string[] | undefined
  readonly encodingPublicKey?: string | undefined
  readonly encodingPrivateKey?: string | undefined
  readonly forceS3?: boolean | undefined
  readonly forceHuggingFace?: boolean | undefined
  readonly retention: 'keep' | 'mirror'
}

/** The environment variable and the flag of each setting. */
const sources: Readonly<Record<keyof Settings, { variable: readonly string[]; flag?: string }>> = {
  netuid: { variable: ['SLUICE_NETUID'], flag: '--netuid' },
  network: { variable: ['SLUICE_NETWORK'], flag: '--subtensor.network' },
  endpoint: { variable: ['SLUICE_CHAIN_ENDPOINT'], flag: '--subtensor.chain_endpoint' },
  walletPath: { variable: ['SLUICE_WALLET_PATH'], flag: '--wallet.path' },
  walletName: { variable: ['SLUICE_WALLET_NAME'], flag: '--wallet.name' },
  hotkeyName: { variable: ['SLUICE_WALLET_HOTKEY'], flag: '--wallet.hotkey' },
  password: { variable: ['SLUICE_WALLET_PASSWORD'] },
  hotkeyUri: { variable: ['SLUICE_HOTKEY_URI'] },
  db: { variable: ['SLUICE_DB'], flag: '--db' },
  stateFile: { variable: ['SLUICE_STATE_FILE'], flag: '--state-file' },
  hubToken: { variable: ['HUGGINGFACE_TOKEN', 'HF_TOKEN'] },
  hubNamespace: { variable: ['SLUICE_HF_NAMESPACE'], flag: '--hf-namespace' },
  hubPrefix: { variable: ['SLUICE_HF_PREFIX'], flag: '--hf-prefix' },
  hubUrl: { variable: ['SLUICE_HF_ENDPOINT', 'HF_ENDPOINT'], flag: '--hf-endpoint' },
  s3Endpoint: { variable: ['SLUICE_S3_ENDPOINT'], flag: '--s3-endpoint' },
  accessKeyId: { variable: ['AWS_ACCESS_KEY_ID'] },
  secretAccessKey: { variable: ['AWS_SECRET_ACCESS_KEY'] },
  sessionToken: { variable: ['AWS_SESSION_TOKEN'] },
  allowPrivateEndpoints: { variable: ['SLUICE_ALLOW_PRIVATE_ENDPOINTS'] },
  pinnedHosts: { variable: ['SLUICE_PINNED_HOSTS'] },
  encodingPublicKey: { variable: ['SLUICE_ENCODING_PUBLIC_KEY'] },
  encodingPrivateKey: { variable: ['SLUICE_ENCODING_PRIVATE_KEY'] },
  forceS3: { variable: ['SLUICE_FORCE_S3'], flag: '--force-s3' },
  forceHuggingFace: { variable: ['SLUICE_FORCE_HUGGINGFACE'], flag: '--force-huggingface' },
  retention: { variable: ['SLUICE_RETENTION'], flag: '--retention' },
}

/**
 * Settings from flags (by name as in `sources`) and the environment; empty values count as absent.
 * @throws StorageError `BAD_SETTINGS` that names the flag and the variable
 */
export function readSettings(
  flags: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>> = readEnvironment(),
): Settings {
  const raw: Record<string, unknown> = {}
  for (const [name, { variable }] of Object.entries(sources)) {
    const fromEnvironment = variable.map((key) => environment[key]).find((value) => (value ?? '') !== '')
    const value = flags[name] ?? fromEnvironment
    if (value !== undefined && value !== '') raw[name] = value
  }
  const parsed = schema.safeParse(raw)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => {
      const name = String(path[0])
      const known = sources[name as keyof Settings]
      const problem = raw[name] === undefined ? 'is missing' : message
      return `${[known.flag, ...known.variable].filter(Boolean).join(' or ')} ${problem}`
    })
    throw new StorageError('BAD_SETTINGS', `${lines.join('; ')}; see sluice-miner --help`)
  }
  const settings = parsed.data
  if ((settings.accessKeyId === undefined) !== (settings.secretAccessKey === undefined)) {
    throw new StorageError('BAD_SETTINGS', 'set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or none of them')
  }
  if ((settings.encodingPublicKey === undefined) !== (settings.encodingPrivateKey === undefined)) {
    throw new StorageError(
      'BAD_SETTINGS',
      'set both SLUICE_ENCODING_PUBLIC_KEY and SLUICE_ENCODING_PRIVATE_KEY, or none',
    )
  }
  return { ...settings, stateFile: settings.stateFile ?? defaultStateFile(settings) }
}

/** One state file per wallet, hotkey and subnet, so that two miners on one machine never share one by accident. */
function defaultStateFile({
  walletName,
  hotkeyName,
  netuid,
}: Pick<Settings, 'walletName' | 'hotkeyName' | 'netuid'>): string {
  const name = `${walletName}-${hotkeyName}-${netuid}`.replaceAll(/[^A-Za-z0-9._-]/g, '_')
  return join(homedir(), '.sluice', `${name}.sqlite`)
}
