#!/usr/bin/env node
import process from 'node:process'
import { createCli } from './command/cli.ts'
import { readSettings } from './settings.ts'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const { stdout, stderr } = process
const exitCode = await createCli({ stdout, stderr, settings: readSettings() }).run(process.argv.slice(2), stop.signal)
// The chain library keeps timers for seconds; flush, then leave.
await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
process.exit(exitCode)
