import type { Readable, Writable } from 'node:stream'
import { openChain } from '@sluice/chain'
import { Command, CommanderError } from 'commander'
import { CliError, exitCodes, failureOf } from './errors.ts'
import {
  addCommonFlags,
  addRolloutFlags,
  addSetFlags,
  spellFlags,
  type ChangeFlags,
  type CommonFlags,
} from './flags.ts'
import { printable } from './printable.ts'
import { publish } from './publish-command.ts'
import { explain, get, status } from './read-commands.ts'
import { connect, type OpenChain, type Session } from './session.ts'
import type { Settings } from './settings.ts'
import { createTerminal } from './terminal.ts'

export interface CliOptions {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdin: Readable
  /** Whether a person sits at stdin and can be asked. */
  readonly interactive: boolean
  readonly settings: Settings
  readonly openChain?: OpenChain
}

export interface Cli {
  /** Runs one command line (without `node` and the script) and gives the exit code; never throws. */
  run(argv: readonly string[], signal?: AbortSignal): Promise<number>
}

const EXIT_CODES = `
Exit codes: 0 done, or nothing to do; 1 a bug; 2 wrong flags or an invalid policy; 3 not confirmed, or somebody
  else wrote meanwhile; 4 wallet cannot be opened; 5 wrong key, or hotkey not registered; 6 no space in slot or
  epoch; 7 chain not reachable or not usable; 8 sent, but refused or not confirmed; 130 interrupted.
  Except with 8, a code other than 0 means that nothing was changed.

Environment: SLUICE_CHAIN_ENDPOINT, SLUICE_NETWORK, SLUICE_WALLET_PATH, SLUICE_WALLET_PASSWORD, NO_COLOR.
Flags may be written with dashes too: --bucket-name is --bucket_name.`

type Work = (session: Session) => Promise<void>

/** The owner's command line over given streams, so that tests run it in process. */
export const createCli = (options: CliOptions): Cli => {
  const { stdout, stderr, settings } = options

  const perform = async (flags: CommonFlags, work: Work, signal: AbortSignal | undefined): Promise<void> => {
    const terminal = createTerminal({ ...options, colour: settings.colour && options.interactive }, flags.json === true)
    await using chain = connect(flags, settings, options.openChain ?? openChain)
    await work({ chain, settings, terminal, signal })
  }

  const build = (signal: AbortSignal | undefined): Command => {
    const program = new Command('sluice-config')
      .description("Reads and sets a subnet's storage policy on chain: which share of the miners moves to S3.")
      .addHelpText('after', EXIT_CODES)
    const add = (name: string, text: string, flags: (command: Command) => Command): Command =>
      flags(program.command(name).description(text).addHelpText('after', EXIT_CODES))
    const run = (work: (session: Session, flags: never) => Promise<void>) => async (flags: CommonFlags) =>
      await perform(flags, async (session) => await work(session, flags as never), signal)

    add('get', 'show the policy', addCommonFlags).action(run(get))
    add('set', 'change fields of the policy', addSetFlags).action(run(publish))
    add('rollout', 'turn the dial: change the percentage', addRolloutFlags).action(async (flags: ChangeFlags) => {
      if (flags.percentage === undefined && flags.schedule === undefined) {
        throw new CliError('USAGE', 'Say how far: --percentage 25, or --schedule BLOCK:PERCENTAGE.')
      }
      await run(publish)(flags)
    })
    add('status', 'show policy, head counts and who is on S3', addCommonFlags).action(run(status))
    add('explain', 'show why a hotkey is in or out', addCommonFlags)
      .argument('<hotkey>', 'ss58 address')
      .action(async (hotkey: string, flags: CommonFlags) => {
        await perform(flags, async (session) => await explain(session, flags, hotkey), signal)
      })

    // The commands inherit nothing that is set after their creation, so every one is told.
    for (const command of [program, ...program.commands]) {
      command.exitOverride().configureOutput({
        writeOut: (text) => void stdout.write(text),
        writeErr: (text) => void stderr.write(text.replace(/[^\n]+/g, printable)),
      })
    }
    return program
  }

  return {
    run: async (argv, signal) => {
      const json = argv.includes('--json')
      try {
        const program = build(signal)
        await program.parseAsync(spellFlags(argv, program.commands), { from: 'user' })
        return exitCodes.done
      } catch (error) {
        if (error instanceof CommanderError) {
          if (error.exitCode === 0) return exitCodes.done
          if (json) stdout.write(`${JSON.stringify({ error: { code: 'USAGE', message: printable(error.message) } })}\n`)
          return exitCodes.usage
        }
        const { code, message, exitCode } = failureOf(error)
        if (json) stdout.write(`${JSON.stringify({ error: { code, message: printable(message) } })}\n`)
        else stderr.write(`error: ${printable(message)}\n`)
        return exitCode
      }
    },
  }
}
