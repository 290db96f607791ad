export { createProgram } from './cli.ts'
export { CliError, type CliErrorCode } from './errors.ts'
