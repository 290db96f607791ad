import { PassThrough, Writable } from 'node:stream'
import { runProgram } from '@sluice/command-line'
import { createProgram } from '../src/index.ts'
import type { OpenChain } from '../src/connect.ts'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** The one object on stdout. */
  json(): Record<string, unknown>
}

const collector = (onText: (text: string) => void = () => undefined): { stream: Writable; text: () => string } => {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      onText(text)
      done()
    },
  })
  return { stream, text: () => text }
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Keys a person presses, each when the text before it has appeared on stderr. */
  readonly typing?: readonly (readonly [prompt: string, keys: string])[]
  /** What a person waits for before pressing keys. */
  readonly beforeKeys?: () => Promise<void> | undefined
  readonly signal?: AbortSignal
  /** Sees all of stdout whenever it grows. */
  readonly onStdout?: (text: string) => void
  readonly openChain?: OpenChain
}

/** Runs the CLI in process, with a person at the keyboard when `typing` is given. */
export const runCli = async (argv: readonly string[], options: RunOptions = {}): Promise<Ran> => {
  const { env = {}, typing = [], signal, openChain } = options
  const out = collector(options.onStdout)
  const err = collector()
  const isTTY = typing.length > 0
  const stdin = Object.assign(new PassThrough(), { isTTY, setRawMode: () => stdin })
  const waiting = [...typing]
  const type = (): void => {
    const next = waiting[0]
    if (next === undefined || !err.text().includes(next[0])) return
    waiting.shift()
    // The prompt draws first and listens then.
    setImmediate(() => {
      void Promise.resolve(options.beforeKeys?.()).then(() => stdin.write(next[1]))
    })
  }
  const stderr = new Writable({
    write(chunk: Buffer, encoding, done) {
      err.stream.write(chunk, encoding, () => {
        done()
        type()
      })
    },
  })
  const code = await runProgram(createProgram(openChain), argv, {
    stdout: out.stream,
    stderr: Object.assign(stderr, { isTTY, columns: 80 }),
    stdin,
    environment: { ...env, NO_COLOR: '1' },
    ...(signal === undefined ? {} : { signal }),
  })
  await new Promise((resolve) => stderr.write('', resolve))
  return {
    code,
    stdout: out.text(),
    stderr: err.text(),
    json: () => JSON.parse(out.text()) as Record<string, unknown>,
  }
}
