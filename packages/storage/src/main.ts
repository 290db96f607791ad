#!/usr/bin/env node
import { runAsProcess } from '@sluice/command-line'
import { program } from './command/cli.ts'

await runAsProcess(program, import.meta.url)
