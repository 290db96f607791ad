import process from 'node:process'
import type { Environment } from './resolve.ts'

/** The process's environment; the one place of this package that reads it. */
export function processEnvironment(): Environment {
  return process.env
}
