import { command, CommandError, type Context, openWithPassword, type Program } from '@sluice/command-line'
import { check, monitor, type Session } from './commands.ts'
import { createValidator, openHotkey, type ValidatorOptions } from '../compose.ts'
import { failureOf } from './failure.ts'
import { type CheckFlags, checkSettings, type CommonFlags, monitorSettings } from './flags.ts'
import { readRepositoriesFile } from './repositories-file.ts'

/** `sluice-validator` as data and work. */
export const program: Program = {
  name: 'sluice-validator',
  meaning: 'Checks what miners keep in S3 and on HuggingFace.',
  commands: [
    command({
      name: 'check',
      meaning: 'judge URIs of one miner, in both backends',
      settings: checkSettings,
      examples: [
        {
          line: 'sluice-validator check --netuid 13 --wallet.name validator --hotkey 5F… --entities uris.csv',
          meaning: 'every URI of a file',
        },
      ],
      run: async (flags, context) => await within(flags, context, async (session) => await check(session, flags)),
    }),
    command({
      name: 'monitor',
      meaning: 'who keeps data where, over all miners',
      settings: monitorSettings,
      examples: [
        { line: 'sluice-validator monitor --netuid 13 --wallet.name validator --once', meaning: 'one sweep' },
        { line: 'sluice-validator monitor --netuid 13 --metrics-port 9100', meaning: 'for Prometheus, until Ctrl-C' },
      ],
      run: async (flags, context) => await within(flags, context, async (session) => await monitor(session, flags)),
    }),
  ],
  notes: [
    'S3 is read through the auth endpoint of the policy with the hotkey of the wallet, or directly with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without either it counts as not reachable.',
    'check ends with 3 when something is absent or corrupt, with 7 when something could not be reached and nothing is known to be bad.',
  ],
  failureOf,
}

type Flags = CommonFlags & Partial<Pick<CheckFlags, 'samples'>>

async function within<T>(flags: Flags, context: Context, work: (session: Session) => Promise<T>): Promise<T> {
  const { terminal, signal } = context
  const log = (level: string, message: string): void =>
    level === 'warn' ? terminal.warn(message) : terminal.detail(message)
  const validator = await createValidator({ ...(await optionsOf(flags, context)), log })
  try {
    return await work({ validator, terminal, signal })
  } finally {
    await validator.close()
  }
}

/** @throws CommandError USAGE; ChainError of the wallet */
async function optionsOf(flags: Flags, { terminal, signal }: Context): Promise<ValidatorOptions> {
  const { accessKeyId, secretAccessKey, sessionToken, walletName, hotkeyName, walletPath, hotkeyUri } = flags
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new CommandError('USAGE', 'Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.')
  }
  const name = `${walletName ?? 'default'}/${hotkeyName ?? 'default'}`
  const lock = { name, password: flags.password, variable: 'SLUICE_WALLET_PASSWORD' }
  const open = async (password: string | undefined) =>
    await openHotkey({ walletPath, walletName, hotkeyName, hotkeyUri, password })
  return {
    netuid: flags.netuid,
    network: flags.network,
    endpoints: flags.endpoint?.split(',').map((url) => url.trim()),
    s3Credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    hotkey: await openWithPassword(terminal, lock, open, signal),
    trust: { allowPrivateEndpoints: flags.allowPrivateEndpoints, pinnedHosts: flags.pinnedHosts },
    s3Endpoint: flags.s3Endpoint,
    s3Bucket: flags.s3Bucket,
    s3Region: flags.s3Region,
    hubUrl: flags.hubUrl,
    hubToken: flags.hubToken,
    repositories: flags.pointers === undefined ? undefined : await readRepositoriesFile(flags.pointers),
    stateFile: flags.state,
    samples: flags.samples,
  }
}
