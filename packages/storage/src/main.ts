#!/usr/bin/env node
import { runCli } from './command/cli.ts'

const stop = new AbortController()
let signals = 0
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second signal ends at once; the next run goes on from the state file either way.
    if (++signals > 1) process.exit(130)
    process.stderr.write('stopping; what is queued is kept. Once more to end at once.\n')
    stop.abort(new Error(name))
  })
}
process.exitCode = await runCli(process.argv, {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  signal: stop.signal,
  bytesOut: process.stdout,
  ...(process.stderr.isTTY ? { terminal: process.stderr } : {}),
})
