import type { Readable, Writable } from 'node:stream'
import type { Program } from './command.ts'
import { askWord, completions, completionScript } from './completion.ts'
import { describe } from './describe.ts'
import { type Failure, failureOf } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { commandHelp, programHelp } from './help.ts'
import { outputSettings, type OutputValues } from './output-flags.ts'
import { parse, type Parsed } from './parse.ts'
import { type Environment, resolve } from './resolve.ts'
import { columnsOf, createTerminal, type Terminal } from './terminal.ts'

/** What a program runs in; tests give streams of their own. */
export interface Surroundings {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly environment: Environment
  /** Fires at the first Ctrl-C. */
  readonly signal?: AbortSignal
  readonly version?: string
}

/** Runs one command line (without `node` and the script) and gives the exit code; never throws. */
export async function runProgram(program: Program, argv: readonly string[], around: Surroundings): Promise<number> {
  const { stdout, environment, signal = new AbortController().signal } = around
  const write = (text: string): number => {
    stdout.write(text)
    return exitCodes.done
  }
  // Until the flags are read, a mistake in them is told as they seem to ask for.
  let terminal = terminalOf(around, outputOf(argv))
  try {
    if (argv[0] === askWord) {
      return write(
        completions(describe(program), argv.slice(1))
          .map((word) => `${word}\n`)
          .join(''),
      )
    }
    if (argv[0] === 'completion' && !argv.includes('--help')) {
      return write(`${completionScript(program.name, argv.slice(1))}\n`)
    }
    const { command, given } = parse(program, argv)
    const said = resolve(outputSettings, given, environment)
    terminal = terminalOf(around, said)
    if (said.version) return write(`${program.name} ${around.version ?? ''}`.trim().concat('\n'))
    if (said.help) return write(helpOf(program, command, columnsOf(stdout)))
    if (command === null) {
      around.stderr.write(helpOf(program, command, columnsOf(around.stderr)))
      return exitCodes.usage
    }
    const values = resolve<Readonly<Record<string, unknown>>>(command.settings, given, environment)
    return exitCodes[(await command.run(values, { terminal, signal, environment })) ?? 'done']
  } catch (error) {
    return report(stopped(failureOf(error, program.failureOf), signal), error, terminal)
  }
}

/** After Ctrl-C whatever fails was stopped by it, unless something is known to be under way. */
function stopped(failure: Failure, signal: AbortSignal): Failure {
  if (!signal.aborted || failure.kind === 'unfinished' || failure.kind === 'interrupted') return failure
  return {
    kind: 'interrupted',
    code: 'INTERRUPTED',
    message: failure.kind === 'bug' ? 'Interrupted.' : failure.message,
  }
}

function report({ kind, code, message }: Failure, error: unknown, terminal: Terminal): number {
  const exitCode = exitCodes[kind]
  terminal.object({ error: { code, message: message, exitCode } })
  if (terminal.json === 'none') terminal.error(message)
  if (error instanceof Error && error.stack !== undefined) {
    for (const line of error.stack.split('\n')) terminal.detail(line, 2)
  }
  return exitCode
}

function helpOf(program: Program, command: Parsed['command'], columns: number): string {
  const described = describe(program)
  const found = described.commands.find(({ name }) => name === command?.name)
  return found === undefined ? programHelp(described, columns) : commandHelp(described, found, columns)
}

type Form = Pick<OutputValues, 'json' | 'jsonEvents' | 'quiet' | 'verbose' | 'noColour'>

function outputOf(argv: readonly string[]): Form {
  const json = argv.some((token) => /^--json([-_]output|[-_]events|=events)*$/.test(token))
  return { json, jsonEvents: false, quiet: false, verbose: 0, noColour: true }
}

function terminalOf({ stdin, stdout, stderr }: Surroundings, form: Form): Terminal {
  const json = form.jsonEvents ? 'events' : form.json ? 'object' : 'none'
  const level = form.quiet ? -1 : Math.min(2, form.verbose)
  return createTerminal({ stdin, stdout, stderr, json, level, colour: !form.noColour })
}
