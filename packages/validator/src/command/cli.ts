import type { Writable } from 'node:stream'
import { Command, CommanderError } from 'commander'
import { check, monitor, type Session } from './commands.ts'
import { createValidator, openHotkey, type ValidatorOptions } from '../compose.ts'
import { ValidatorError } from '../errors.ts'
import { exitCodes, failureOf } from './failure.ts'
import {
  addCheckFlags,
  addMonitorFlags,
  type CheckFlags,
  type CommonFlags,
  type MonitorFlags,
  readNetuid,
} from './flags.ts'
import { printable } from '../printable.ts'
import { readRepositoriesFile } from './repositories-file.ts'
import type { Settings } from '../settings.ts'

export interface CliOptions {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly settings: Settings
}

export interface Cli {
  /** Runs one command line (without `node` and the script) and gives the exit code; never throws. */
  run(argv: readonly string[], signal?: AbortSignal): Promise<number>
}

const help = `
Exit codes: 0 everything checked is valid, or the sweep is done; 1 a bug; 2 wrong flags or input; 3 something is absent
  or corrupt; 4 something could not be reached, nothing is known to be bad; 7 chain not usable; 130 interrupted.

S3 is read through the auth endpoint of the policy with the validator's hotkey (--wallet.name), or directly with
  AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without either it counts as not reachable.

Environment: SLUICE_NETUID, SLUICE_CHAIN_ENDPOINT, SLUICE_NETWORK; SLUICE_WALLET_NAME, SLUICE_WALLET_HOTKEY,
  SLUICE_WALLET_PATH, SLUICE_WALLET_PASSWORD, SLUICE_HOTKEY_URI (instead of a wallet); SLUICE_PINNED_HOSTS (the only
  hosts that the policy may name, with commas), SLUICE_ALLOW_PRIVATE_ENDPOINTS=true (for a devnet);
  SLUICE_S3_ENDPOINT, SLUICE_S3_BUCKET, SLUICE_S3_REGION, AWS_SESSION_TOKEN (with direct credentials);
  SLUICE_HF_ENDPOINT or HF_ENDPOINT, HF_TOKEN (private repositories only).`

/** The validator's command line over given streams, so that tests run it in process. */
export function createCli({ stdout, stderr, settings }: CliOptions): Cli {
  async function perform(
    flags: CommonFlags & { readonly samples?: number },
    work: (session: Session) => Promise<number>,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const note = (text: string): void => void stderr.write(text)
    const log = (level: string, message: string): void => note(`${level}: ${printable(message)}\n`)
    const validator = await createValidator({ ...(await optionsOf(flags, settings)), log })
    try {
      return await work({
        validator,
        print: (text) => void stdout.write(text),
        note,
        json: flags.json === true,
        signal,
      })
    } finally {
      await validator.close()
    }
  }

  return {
    async run(argv, signal) {
      const json = argv.includes('--json')
      let exitCode: number = exitCodes.done
      try {
        const program = new Command('sluice-validator').description('Checks what miners keep in S3 and on HuggingFace.')
        addCheckFlags(program.command('check').description('judge URIs of one miner, in both backends')).action(
          async (flags: CheckFlags) => {
            exitCode = await perform(flags, (session) => check(session, flags), signal)
          },
        )
        addMonitorFlags(program.command('monitor').description('who keeps data where, over all miners')).action(
          async (flags: MonitorFlags) => {
            exitCode = await perform(flags, (session) => monitor(session, flags), signal)
          },
        )
        for (const command of [program, ...program.commands]) {
          command
            .addHelpText('after', help)
            .exitOverride()
            .configureOutput({
              writeOut: (text) => void stdout.write(text),
              writeErr: (text) => void stderr.write(text.replace(/[^\n]+/g, printable)),
            })
        }
        await program.parseAsync(argv, { from: 'user' })
        return exitCode
      } catch (error) {
        if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done
        const failure =
          error instanceof CommanderError
            ? { code: 'USAGE', message: error.message, exitCode: exitCodes.usage }
            : failureOf(error)
        if (json)
          stdout.write(`${JSON.stringify({ error: { code: failure.code, message: printable(failure.message) } })}\n`)
        else if (!(error instanceof CommanderError)) stderr.write(`error: ${printable(failure.message)}\n`)
        return failure.exitCode
      }
    },
  }
}

/** Flags before environment. @throws ValidatorError BAD_INPUT */
async function optionsOf(
  flags: CommonFlags & { readonly samples?: number },
  settings: Settings,
): Promise<ValidatorOptions> {
  const { accessKeyId, secretAccessKey, sessionToken } = settings
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new ValidatorError('BAD_INPUT', 'Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither.')
  }
  const netuid = flags.netuid ?? (settings.netuid === undefined ? undefined : readNetuid(settings.netuid))
  if (netuid === undefined) throw new ValidatorError('BAD_INPUT', 'Say which subnet: --netuid N.')
  const network = flags['subtensor.network']
  // A network named by a flag is not overruled by an endpoint in the environment.
  const endpoint = flags['subtensor.chain_endpoint'] ?? (network === undefined ? settings.chainEndpoint : undefined)
  return {
    netuid,
    network: network ?? settings.network,
    endpoints: endpoint?.split(',').map((url) => url.trim()),
    s3Credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    hotkey: await openHotkey({
      walletPath: flags['wallet.path'] ?? settings.walletPath,
      walletName: flags['wallet.name'] ?? settings.walletName,
      hotkeyName: flags['wallet.hotkey'] ?? settings.hotkeyName,
      password: settings.password,
      hotkeyUri: settings.hotkeyUri,
    }),
    trust: { allowPrivateEndpoints: settings.allowPrivateEndpoints, pinnedHosts: settings.pinnedHosts },
    s3Endpoint: flags.s3Endpoint ?? settings.s3Endpoint,
    s3Bucket: flags.s3Bucket ?? settings.s3Bucket,
    s3Region: settings.s3Region,
    hubUrl: flags.hfEndpoint ?? settings.hubUrl,
    hubToken: settings.hubToken,
    repositories: flags.pointers === undefined ? undefined : await readRepositoriesFile(flags.pointers),
    stateFile: flags.state,
    samples: flags.samples,
  }
}
