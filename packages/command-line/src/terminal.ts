import type { Readable, Writable } from 'node:stream'
import { confirm, isCancel, password } from '@clack/prompts'
import picocolors from 'picocolors'
import { CommandError } from './errors.ts'
import { type JsonMode, jsonLine } from './json.ts'
import { printable } from './printable.ts'
import { table } from './table.ts'

/** Where a command's words go. With JSON only `object` and `event` write to standard output. */
export interface Terminal {
  readonly json: JsonMode
  /** -1 with --quiet, 0, 1 with -v, 2 with -vv. */
  readonly level: number
  /** Where a picture may be redrawn: standard error at a terminal, else null. */
  readonly screen: NodeJS.WriteStream | null
  /** Standard output as it is, for the bytes of a file. */
  readonly bytes: Writable
  /** Part of the answer. */
  line(text?: string): void
  title(text: string): void
  /** A table where it fits the terminal, else a list. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void
  /** What goes on meanwhile, on standard error; nothing with --quiet. */
  note(text: string): void
  /** The same, with -v or at that level. */
  detail(text: string, level?: 1 | 2): void
  warn(text: string): void
  error(text: string): void
  /** The answer with --json: once, at the end. */
  object(value: object): void
  /** A line of --json=events. */
  event(value: object): void
  /** Says so when the work takes longer than a second. */
  waiting<T>(what: string, work: Promise<T>): Promise<T>
  /** @throws CommandError NOT_CONFIRMED without a terminal, or on "no"; INTERRUPTED on Ctrl-C */
  confirm(question: string, signal?: AbortSignal): Promise<void>
  /** Null where nobody can be asked. @throws CommandError INTERRUPTED on Ctrl-C */
  password(question: string, signal?: AbortSignal): Promise<string | null>
}

export interface TerminalOptions {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly json: JsonMode
  readonly level: number
  readonly colour: boolean
}

const isTerminal = (stream: Readable | Writable): stream is NodeJS.WriteStream =>
  'isTTY' in stream && stream.isTTY === true

/** Columns of a terminal; 80 where there is none. */
export function columnsOf(stream: Writable): number {
  return isTerminal(stream) && stream.columns > 0 ? stream.columns : 80
}

/** A terminal over three streams. Every text is made printable, so that nothing from outside can steer it. */
export function createTerminal(options: TerminalOptions): Terminal {
  const { stdin, stdout, stderr, json, level } = options
  const canAsk = isTerminal(stdin) && isTerminal(stderr) && json === 'none'
  // Standard output may go to a file while a person sits at standard error.
  const { bold } = picocolors.createColors(options.colour && isTerminal(stdout))
  const { yellow, red } = picocolors.createColors(options.colour && isTerminal(stderr))
  const answer = (text: string): void => void (json === 'none' && stdout.write(`${text}\n`))
  const tell = (text: string): void => void stderr.write(`${text}\n`)
  const note = (text: string): void => void (level >= 0 && tell(printable(text)))
  const prompt = (signal: AbortSignal | undefined) => ({ input: stdin, output: stderr, ...(signal ? { signal } : {}) })
  return {
    json,
    level,
    screen: isTerminal(stderr) && json === 'none' && level >= 0 ? stderr : null,
    bytes: stdout,
    line: (text = '') => answer(printable(text)),
    title: (text) => answer(bold(printable(text))),
    table: (head, rows) => answer(table(head, rows, columnsOf(stdout), bold)),
    note,
    detail: (text, from = 1) => void (level >= from && tell(printable(text))),
    warn: (text) => tell(`${yellow('warning:')} ${printable(text)}`),
    error: (text) => tell(`${red('error:')} ${printable(text)}`),
    object: (value) => void (json !== 'none' && stdout.write(jsonLine(value))),
    event: (value) => void (json === 'events' && stdout.write(jsonLine(value))),
    waiting: async (what, work) => {
      const timer = setTimeout(() => note(`waiting for ${what} …`), 1000)
      try {
        return await work
      } finally {
        clearTimeout(timer)
      }
    },
    confirm: async (question, signal) => {
      if (!canAsk) {
        const why = json === 'none' ? 'There is no terminal to ask at' : 'With --json nobody is asked'
        throw new CommandError(
          'NOT_CONFIRMED',
          `${why}: add --yes to do it, or --dry-run to look. Nothing was changed.`,
        )
      }
      const said = await confirm({ message: printable(question), initialValue: false, ...prompt(signal) })
      if (isCancel(said)) throw interrupted()
      if (!said) throw new CommandError('NOT_CONFIRMED', 'You said no. Nothing was changed.')
    },
    password: async (question, signal) => {
      if (!canAsk) return null
      const said = await password({ message: printable(question), ...prompt(signal) })
      if (isCancel(said)) throw interrupted()
      return said ?? ''
    },
  }
}

const interrupted = (): CommandError => new CommandError('INTERRUPTED', 'Interrupted. Nothing was changed.')
