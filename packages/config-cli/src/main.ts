#!/usr/bin/env node
import { runAsProcess } from '@sluice/command-line'
import { createProgram } from './cli.ts'

await runAsProcess(createProgram(), import.meta.url)
