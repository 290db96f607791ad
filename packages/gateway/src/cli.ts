import { createLog } from './log.ts'
import { readSettings, SettingsError, variables } from './settings.ts'
import { startGateway } from './start.ts'

export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  readonly signal: AbortSignal
}

const help = `Usage: sluice-gateway

The auth endpoint of a subnet's bucket. Everything is set in the environment:

${variables.map((name) => `  ${name}`).join('\n')}

Needed are SLUICE_GATEWAY_PUBLIC_URL, SLUICE_NETUID, SLUICE_S3_BUCKET, and SLUICE_NETWORK or SLUICE_CHAIN_ENDPOINT.
docs/gateway.md says what each is.`

/** Serves until the signal is aborted, then stops cleanly. Exit codes: 0 stopped, 1 could not start, 2 wrong settings. */
export async function runCli(args: readonly string[], { environment, out, err, signal }: CliContext): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    out(help)
    return 0
  }
  if (args.length > 0) {
    err(`sluice-gateway takes no arguments, not ${JSON.stringify(args[0])}; see sluice-gateway --help`)
    return 2
  }
  try {
    const settings = readSettings(environment)
    const log = createLog(settings.logLevel)
    const started = await startGateway(settings, log, signal)
    await aborted(signal)
    log.info({}, 'stopping; running requests may finish')
    await started.close()
    return 0
  } catch (error) {
    if (signal.aborted && error === signal.reason) return 0
    err(`sluice-gateway: ${error instanceof Error ? error.message : String(error)}`)
    return error instanceof SettingsError ? 2 : 1
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
