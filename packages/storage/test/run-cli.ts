import { PassThrough, Writable } from 'node:stream'
import { runProgram } from '@sluice/command-line'
import { program } from '../src/command/cli.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly environment: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
  /** Sees every line of standard output. */
  readonly onLine?: (line: string) => void
  /** Takes the bytes of standard output. */
  readonly bytesOut?: Writable
  /** A terminal at standard error, with so many columns. */
  readonly columns?: number
}

/** Runs `sluice-miner` in process. */
export async function runCli(argv: readonly string[], options: RunOptions): Promise<Ran> {
  const texts = { out: '', err: '' }
  const sink = (name: 'out' | 'err', onText: (text: string) => void = () => undefined): Writable =>
    new Writable({
      write(chunk: Buffer, _, done) {
        texts[name] += chunk.toString()
        onText(chunk.toString())
        done()
      },
    })
  const lines = (text: string): void => {
    for (const line of text.split('\n').filter(Boolean)) options.onLine?.(line)
  }
  const stderr = sink('err')
  const code = await runProgram(program, argv, {
    stdin: new PassThrough(),
    stdout: options.bytesOut ?? sink('out', lines),
    stderr: options.columns === undefined ? stderr : Object.assign(stderr, { isTTY: true, columns: options.columns }),
    environment: options.environment,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  return { code, ...texts }
}
