export { createCli, type Cli, type CliOptions } from './cli.ts'
export { CliError, exitCodes, type CliErrorCode } from './errors.ts'
export { readSettings, type Settings } from './settings.ts'
