/** `sluice-devnet [all|chain|s3|hub]`: flags, what is printed, and a clean stop. */
import { writeFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { Argument, Command, CommanderError, InvalidArgumentError } from 'commander'
import { type Part, type Running, startPart } from './compose.ts'
import type { DevnetOptions } from './devnet.ts'
import type { Settings } from './settings.ts'

export interface CliContext {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly settings: Settings
}
interface Flags {
  readonly netuid: number
  readonly miners: number
  readonly validators: number
  readonly blockTime: number
  readonly finalityLag: number
  readonly runtime: 'current' | 'old'
  readonly bucket: string
  readonly portChain: number
  readonly portS3: number
  readonly portHub: number
  readonly portGateway: number
  readonly gateway: boolean
  readonly directory?: string
  readonly chain?: string
  readonly s3?: string
  readonly s3AccessKey?: string
  readonly s3SecretKey?: string
  readonly writeEnv?: string
  readonly json?: true
}

/**
 * Runs until the signal is aborted, then stops everything. Answers with the exit code: 0 after a clean stop, 1 when
 * something could not start, 2 for a wrong command line.
 */
export async function runCli(args: readonly string[], context: CliContext, signal: AbortSignal): Promise<number> {
  let exitCode = 0
  const command = describeCommand(context).action(async (part: Part, flags: Flags) => {
    exitCode = await run(part, flags, context, signal)
  })
  try {
    await command.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    throw error
  }
}

function describeCommand({ stdout, stderr, settings }: CliContext): Command {
  return new Command('sluice-devnet')
    .description('A whole subnet on loopback: chain, S3, HuggingFace hub and gateway, with wallets, until Ctrl-C.')
    .addArgument(new Argument('[part]', 'what to start').choices(['all', 'chain', 's3', 'hub']).default('all'))
    .option('--netuid <n>', 'subnet id', whole(65_535), 13)
    .option('--miners <n>', 'registered miners', whole(250), 4)
    .option('--validators <n>', 'registered validators', whole(64), 1)
    .option('--block-time <ms>', 'a block at least this often; 0: only when something happens', whole(600_000), 1000)
    .option('--finality-lag <blocks>', 'blocks between best and finalized head', whole(1000), 0)
    .option('--runtime <kind>', 'current (spec 293) or old (spec 218)', oneOf(['current', 'old']), 'current')
    .option('--bucket <name>', 'bucket to create', 'sluice')
    .option('--port-chain <n>', '0: a free one', whole(65_535), 0)
    .option('--port-s3 <n>', '0: a free one', whole(65_535), 0)
    .option('--port-hub <n>', '0: a free one', whole(65_535), 0)
    .option('--port-gateway <n>', '0: a free one', whole(65_535), 0)
    .option('--no-gateway', 'start no auth endpoint')
    .option('--directory <dir>', 'keep wallets, buckets and repositories here (default: a temporary folder)')
    .option('--chain <url>', 'use this node instead of an own one')
    .option('--s3 <url>', 'use this S3 server instead of an own one')
    .option('--s3-access-key <id>', 'its access key (default: AWS_ACCESS_KEY_ID)', settings.accessKeyId)
    .option('--s3-secret-key <key>', 'its secret key (better: AWS_SECRET_ACCESS_KEY)')
    .option('--write-env <file>', 'write the environment lines here too')
    .option('--json', 'print one JSON line when ready')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
}

async function run(part: Part, flags: Flags, context: CliContext, signal: AbortSignal): Promise<number> {
  const { stdout, stderr } = context
  let running: Running
  try {
    running = await startPart(part, optionsOf(flags, context.settings))
  } catch (error) {
    stderr.write(`sluice-devnet: ${messageOf(error)}\n`)
    return 1
  }
  try {
    const lines = Object.entries(running.environment).map(([name, value]) => `export ${name}='${value}'`)
    if (flags.writeEnv !== undefined) {
      await writeFile(flags.writeEnv, `${lines.join('\n')}\n`, { mode: 0o600 }).catch((cause: unknown) => {
        throw new Error(`cannot write --write-env ${flags.writeEnv}`, { cause })
      })
    }
    if (flags.json) stdout.write(`${JSON.stringify({ ...running.facts, environment: running.environment })}\n`)
    else stdout.write(['Ready.', ...running.notes, '', ...lines, '', 'Ctrl-C stops everything.', ''].join('\n'))
    await stopped(signal)
    return 0
  } catch (error) {
    stderr.write(`sluice-devnet: ${messageOf(error)}\n`)
    return 1
  } finally {
    await running.close()
  }
}

function optionsOf(flags: Flags, settings: Settings): DevnetOptions {
  const accessKeyId = flags.s3AccessKey
  const secretAccessKey = flags.s3SecretKey ?? settings.secretAccessKey
  if (flags.s3 !== undefined && (accessKeyId === undefined || secretAccessKey === undefined)) {
    throw new Error(
      '--s3 needs its keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --s3-access-key and --s3-secret-key',
    )
  }
  return {
    netuid: flags.netuid,
    miners: flags.miners,
    validators: flags.validators,
    blockTimeMs: flags.blockTime,
    finalityLag: flags.finalityLag,
    runtime: flags.runtime,
    bucket: flags.bucket,
    ports: { chain: flags.portChain, s3: flags.portS3, hub: flags.portHub, gateway: flags.portGateway },
    gateway: flags.gateway,
    ...(flags.directory === undefined ? {} : { directory: flags.directory }),
    ...(flags.chain === undefined ? {} : { chain: flags.chain }),
    ...(flags.s3 === undefined || accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { s3: { url: flags.s3, accessKeyId, secretAccessKey } }),
  }
}

function whole(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value > max) throw new InvalidArgumentError(`Give a whole number, 0 to ${max}.`)
    return value
  }
}
function oneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found === undefined) throw new InvalidArgumentError(`Give one of: ${choices.join(', ')}.`)
    return found
  }
}

/** A timer keeps the process alive even when every part is an outside one. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const alive = setInterval(() => undefined, 60_000)
    signal.addEventListener('abort', () => {
      clearInterval(alive)
      resolve()
    })
  })
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') return `port ${port} on ${address} is taken: give another one, or 0 for a free one`
  if (code === 'EACCES' && port !== undefined) return `port ${port} needs more rights: give one above 1023, or 0`
  let reason: Error = error
  while (reason.cause instanceof Error) reason = reason.cause
  return reason === error ? error.message : `${error.message} (${reason.message || reason.name})`
}
