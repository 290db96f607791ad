import { command, type Context, type Failure, type Program } from '@sluice/command-line'
import { createLog } from './log.ts'
import { declared, type Said, settled } from './settings.ts'
import { startGateway } from './start.ts'

/** `sluice-gateway` as data and work. It serves until the signal fires, then stops cleanly. */
export const program: Program = {
  name: 'sluice-gateway',
  meaning: "The auth endpoint of a subnet's bucket: admits hotkeys by the policy on chain and signs their uploads.",
  commands: [
    command({
      name: '',
      meaning: 'serve',
      settings: declared,
      examples: [
        { line: 'sluice-gateway', meaning: 'everything from the environment; see docs/gateway.md' },
        { line: 'sluice-gateway --netuid 13 --network finney --port 8080', meaning: 'the rest from the environment' },
      ],
      run: serve,
    }),
  ],
  notes: ['Its log goes to standard output, one JSON object per line. docs/gateway.md says more of each variable.'],
  failureOf,
}

async function serve(said: Said, { signal }: Context): Promise<void> {
  const settings = settled(said)
  const log = createLog(settings.logLevel)
  try {
    const started = await startGateway(settings, log, signal)
    await aborted(signal)
    log.info({}, 'stopping; running requests may finish')
    await started.close()
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** What keeps a gateway from starting: a port that is taken, a state that cannot be opened or reached. */
function failureOf(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null
  const { code = '', message, name } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') return { kind: 'room', code, message }
  const isWrong = /^E(?:ACCES|ADDRNOTAVAIL|NOTFOUND)$/.test(code) || ['SqliteError', 'ErrorReply'].includes(name)
  if (isWrong) return { kind: 'usage', code: code || name, message }
  return /^E[A-Z]+$/.test(code) ? { kind: 'unreachable', code, message } : null
}
