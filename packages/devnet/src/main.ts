#!/usr/bin/env node
import process from 'node:process'
import { runCli } from './cli.ts'
import { readSettings } from './settings.ts'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
process.once('SIGTERM', () => stop.abort())

const { stdout, stderr } = process
process.exitCode = await runCli(process.argv.slice(2), { stdout, stderr, settings: readSettings() }, stop.signal)
