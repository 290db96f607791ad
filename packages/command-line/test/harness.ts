import { PassThrough, Writable } from 'node:stream'
import { type Program, runProgram } from '../src/index.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Whether a person sits there; with these columns. */
  readonly columns?: number
  readonly signal?: AbortSignal
}

/** Runs one line, words separated by spaces, in process. */
export async function run(program: Program, line: string, options: RunOptions = {}): Promise<Ran> {
  const texts = { stdout: '', stderr: '' }
  const stream = (name: 'stdout' | 'stderr'): Writable => {
    const made = new Writable({
      write(chunk: Buffer, _, done) {
        texts[name] += chunk.toString()
        done()
      },
    })
    return options.columns === undefined ? made : Object.assign(made, { isTTY: true, columns: options.columns })
  }
  const code = await runProgram(program, line.split(' ').filter(Boolean), {
    stdin: new PassThrough(),
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    environment: options.env ?? {},
    version: '1.2.3',
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  return { code, ...texts }
}
