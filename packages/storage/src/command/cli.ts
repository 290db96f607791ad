import { TransferError } from '@sluice/backends'
import { Command, CommanderError } from 'commander'
import { explainLines, receiptLines, statusLines } from './text.ts'
import { configFromSettings, openFromSettings } from '../compose.ts'
import { messageOf, StorageError } from '../errors.ts'
import type { Log } from '../log.ts'
import { readSettings, type Settings } from '../settings.ts'
import { readStatus } from '../status.ts'
import { addTransferCommands } from './file-commands.ts'

export interface CliStreams {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  readonly signal?: AbortSignal
  /** Where progress bars are drawn; without it progress is told in lines. */
  readonly terminal?: NodeJS.WriteStream
  /** Takes the bytes of `get KEY --output -`. */
  readonly bytesOut?: NodeJS.WritableStream
  /** Default: that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

const exitCodes = `
Exit codes:
  0    done; for upload: every required backend holds everything
  1    a flag, variable, wallet or file is missing or wrong; nothing was tried
  2    upload: something is not stored yet; it is queued, run the command again
       put, get: stopped half way; run the command again, it goes on
  3    upload: nothing was stored and nothing is queued; put, get: it failed for good
  130  stopped by a signal; run the command again

S3 is reached through the auth endpoint of the policy, with the hotkey alone; with AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN) directly. Endpoints of the policy must be https at public addresses:
SLUICE_PINNED_HOSTS allows these hosts only (commas), SLUICE_ALLOW_PRIVATE_ENDPOINTS=true any, for a devnet.

Environment: HUGGINGFACE_TOKEN, SLUICE_WALLET_PASSWORD, SLUICE_HOTKEY_URI (instead of a wallet), SLUICE_ENCODING_PUBLIC_KEY and
SLUICE_ENCODING_PRIVATE_KEY; a policy for the time without a chain: SLUICE_USE_S3, SLUICE_USE_HF, SLUICE_S3_BUCKET,
SLUICE_AUTH_ENDPOINT, SLUICE_S3_REGION, SLUICE_S3_ENDPOINT, SLUICE_ROLLOUT_PERCENTAGE.`

/** Runs `sluice-miner` in this process; returns the exit code. Never throws. */
export async function runCli(argv: readonly string[], streams: CliStreams): Promise<number> {
  let code = 0
  const run = (work: (flags: Flags) => Promise<number>) => async (flags: Flags) => {
    code = await work(flags)
  }
  const program = new Command('sluice-miner')
    .description("Brings a miner's data where the subnet's storage policy wants it.")
    .addHelpText('after', exitCodes)
    .exitOverride()
    .configureOutput({ writeOut: (s) => streams.out(s.trimEnd()), writeErr: (s) => streams.err(s.trimEnd()) })
  withStore(withChain(program.command('upload').description('one cycle: export, upload, verify, list')))
    .option('--db <file>', "the miner's SQLite database (table DataEntity)")
    .option('--hf-endpoint <url>', 'another HuggingFace hub')
    .option('--hf-namespace <name>', 'user or organisation; default: that of the token')
    .option('--hf-prefix <name>', 'the repository is {namespace}/{prefix}_{hotkey}; default sluice')
    .option('--s3-endpoint <url>', "another S3 server than the policy's, with direct credentials")
    .option('--force-s3 <true|false>', 'always or never use S3, whatever the policy says')
    .option('--force-huggingface <true|false>', 'always or never use HuggingFace')
    .option('--retention <keep|mirror>', 'mirror also deletes remotely what the database prunes')
    .action(run((flags) => upload(flags, streams)))
  withStore(
    withWallet(program.command('status').description('what is stored, queued and failing; makes no call')),
  ).action(run((flags) => status(flags, streams)))
  withChain(program.command('explain').description('the policy in force and what it means for this hotkey'))
    .option('--force-s3 <true|false>', 'as for upload')
    .option('--force-huggingface <true|false>', 'as for upload')
    .action(run((flags) => explain(flags, streams)))
  addTransferCommands(program, {
    out: streams.out,
    err: streams.err,
    terminal: streams.terminal ?? null,
    bytesOut: streams.bytesOut ?? null,
    context: { log: quietLog(streams.err), environment: streams.environment, signal: streams.signal },
    settingsOf: (flags) => settingsOf(flags, streams),
    withPlace: (command) => withStore(withChain(command)),
    run: async (work) => void (code = await work()),
  })
  try {
    await program.parseAsync([...argv])
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1
    streams.err(messageOf(error))
    return exitCodeOf(error, streams.signal)
  }
}

type Flags = Readonly<Record<string, unknown>>

const withWallet = (command: Command): Command =>
  command
    .option('--netuid <number>', 'the subnet')
    .option('--wallet.name <name>', 'wallet', undefined)
    .option('--wallet.hotkey <name>', 'hotkey')
    .option('--wallet.path <folder>', 'default ~/.bittensor/wallets')
    .option('--json', 'one JSON object on standard output')

const withChain = (command: Command): Command =>
  withWallet(command)
    .option('--subtensor.network <name>', 'finney, test, local, archive or a URL')
    .option('--subtensor.chain_endpoint <urls>', 'ws:// or wss:// URLs, separated by commas')

const withStore = (command: Command): Command =>
  command.option('--state-file <file>', 'default ~/.sluice/{wallet}-{hotkey}-{netuid}.sqlite')

/** Commander's names of our flags. */
function settingsOf(flags: Flags, streams: CliStreams): Settings {
  const named = {
    ...flags,
    walletName: flags['wallet.name'],
    hotkeyName: flags['wallet.hotkey'],
    walletPath: flags['wallet.path'],
    network: flags['subtensor.network'],
    endpoint: flags['subtensor.chain_endpoint'],
    hubUrl: flags['hfEndpoint'],
    hubNamespace: flags['hfNamespace'],
    hubPrefix: flags['hfPrefix'],
    forceHuggingFace: flags['forceHuggingface'],
  }
  return readSettings(named, streams.environment)
}

async function upload(flags: Flags, streams: CliStreams): Promise<number> {
  const settings = settingsOf(flags, streams)
  if (settings.db === undefined) throw new StorageError('BAD_SETTINGS', '--db or SLUICE_DB is missing')
  const { signal } = streams
  const storage = await openFromSettings(settings, { log: lineLog(streams.err), environment: streams.environment })
  try {
    const receipt = await storage.uploadData(signal === undefined ? {} : { signal })
    if (flags['json'] === true) streams.out(JSON.stringify(receipt))
    else for (const line of receiptLines(receipt)) streams.out(line)
    return receipt.complete ? 0 : 2
  } finally {
    await storage.close()
  }
}

async function status(flags: Flags, streams: CliStreams): Promise<number> {
  const found = readStatus(settingsOf(flags, streams).stateFile)
  if (flags['json'] === true) streams.out(JSON.stringify(found))
  else for (const line of statusLines(found)) streams.out(line)
  return 0
}

async function explain(flags: Flags, streams: CliStreams): Promise<number> {
  const settings = settingsOf(flags, streams)
  const log = quietLog(streams.err)
  const { environment, signal } = streams
  const config = await configFromSettings(settings, { log, environment, signal })
  if (flags['json'] === true) streams.out(JSON.stringify(config))
  else for (const line of explainLines(config)) streams.out(line)
  return 0
}

/** One line per message, as people read it. */
function lineLog(write: (line: string) => void): Log {
  return {
    debug: () => undefined,
    info: (_fields, message) => write(message),
    warn: (_fields, message) => write(`warning: ${message}`),
    error: (_fields, message) => write(`error: ${message}`),
  }
}

/** Warnings and errors only. */
const quietLog = (write: (line: string) => void): Log => ({ ...lineLog(write), info: () => undefined })

const nothingTried = new Set([
  'BAD_SETTINGS',
  'BAD_FILE',
  'STATE_LOCKED',
  'STATE_CORRUPT',
  'STATE_FOREIGN',
  'STATE_UNWRITABLE',
])

function exitCodeOf(error: unknown, signal: AbortSignal | undefined): number {
  if (signal?.aborted === true) return 130
  if (StorageError.is(error)) return nothingTried.has(error.code) ? 1 : 3
  if (TransferError.is(error)) return error.resumable ? 2 : error.code === 'BAD_OPTION' ? 1 : 3
  const name = error instanceof Error ? error.name : ''
  return name === 'ChainError' || name === 'DatasetError' ? 1 : 3
}
