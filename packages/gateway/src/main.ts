#!/usr/bin/env node
import process from 'node:process'
import { runCli } from './cli.ts'
import { environment } from './settings.ts'

const stop = new AbortController()
let signals = 0
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (++signals > 1) process.exit(130)
    stop.abort()
  })
}
process.exitCode = await runCli(process.argv.slice(2), {
  environment: environment(),
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  signal: stop.signal,
})
