#!/usr/bin/env node
import process from 'node:process'
import { createCli } from './cli.ts'
import { readSettings } from './settings.ts'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const { stdin, stdout, stderr } = process
for (const stream of [stdout, stderr]) {
  // The reader may leave early (`| head`); the exit code still tells how it went.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
const interactive = stdin.isTTY && stderr.isTTY
const exitCode = await createCli({ stdin, stdout, stderr, interactive, settings: readSettings() }).run(
  process.argv.slice(2),
  stop.signal,
)
// The chain library keeps timers for seconds after a write; flush, then leave.
await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
process.exit(exitCode)
