import type { Readable, Writable } from 'node:stream'
import { confirm, isCancel, password } from '@clack/prompts'
import CliTable from 'cli-table3'
import picocolors from 'picocolors'
import { CliError, interrupted } from './errors.ts'
import { printable } from './printable.ts'

/** Where a command's words go. With --json only `json` writes to stdout, and only once. */
export interface Terminal {
  readonly json: boolean
  line(text?: string): void
  title(text: string): void
  warn(text: string): void
  table(head: readonly string[], rows: readonly (readonly string[])[]): void
  object(value: unknown): void
  /** @throws CliError NOT_CONFIRMED without a terminal, or on "no"; INTERRUPTED on Ctrl-C */
  confirm(question: string, signal?: AbortSignal): Promise<void>
  /** Null where nobody can be asked. @throws CliError INTERRUPTED on Ctrl-C */
  password(question: string, signal?: AbortSignal): Promise<string | null>
}

export interface TerminalStreams {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdin: Readable
  /** Whether a person sits at stdin. */
  readonly interactive: boolean
  readonly colour: boolean
}

/** A terminal over three streams. Every text is made printable, so nothing from the chain can steer the terminal. */
export const createTerminal = (streams: TerminalStreams, json: boolean): Terminal => {
  const { stdout, stderr, stdin, interactive } = streams
  const { yellow } = picocolors.createColors(streams.colour)
  // stdout may go to a file while a person sits at stderr.
  const { bold } = picocolors.createColors(streams.colour && 'isTTY' in stdout && stdout.isTTY === true)
  const prompt = (signal: AbortSignal | undefined): { input: Readable; output: Writable; signal?: AbortSignal } => ({
    input: stdin,
    output: stderr,
    ...(signal === undefined ? {} : { signal }),
  })
  return {
    json,
    line: (text = '') => void (json || stdout.write(`${printable(text)}\n`)),
    title: (text) => void (json || stdout.write(`${bold(printable(text))}\n`)),
    warn: (text) => void stderr.write(`${yellow('warning:')} ${printable(text)}\n`),
    table: (head, rows) => {
      if (json) return
      const table = new CliTable({
        head: head.map((cell) => bold(cell)),
        style: { head: [], border: [] },
        // No rule between rows: a subnet has up to 256 of them.
        chars: rows.length > 0 ? { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' } : {},
      })
      table.push(...rows.map((row) => row.map(printable)))
      stdout.write(`${table.toString()}\n`)
    },
    object: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    confirm: async (question, signal) => {
      if (!interactive || json) {
        const why = json ? 'With --json nobody is asked' : 'There is no terminal to ask at'
        throw new CliError('NOT_CONFIRMED', `${why}: add --yes to publish, or --dry-run to look. Nothing was changed.`)
      }
      const answer = await confirm({ message: question, initialValue: false, ...prompt(signal) })
      if (isCancel(answer)) throw interrupted()
      if (!answer) throw new CliError('NOT_CONFIRMED', 'You said no. Nothing was changed.')
    },
    password: async (question, signal) => {
      if (!interactive || json) return null
      const answer = await password({ message: question, ...prompt(signal) })
      if (isCancel(answer)) throw interrupted()
      return answer ?? ''
    },
  }
}
