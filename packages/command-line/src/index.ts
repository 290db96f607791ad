export { command, type Command, type Context, type Example, type Program } from './command.ts'
export { type CommandDescription, describe, type ProgramDescription, type SettingDescription } from './describe.ts'
export { BadValue, CommandError, type CommandErrorCode, type Failure, failureOf } from './errors.ts'
export { exitCodes, type ExitKind, exitMeanings } from './exit-codes.ts'
export type { JsonMode } from './json.ts'
export { openWithPassword } from './password.ts'
export { printable, shortened } from './printable.ts'
export { runAsProcess } from './program.ts'
export { type Environment, type Given, resolve } from './resolve.ts'
export { runProgram, type Surroundings } from './run.ts'
export {
  exactly,
  listOf,
  needed,
  oneOf,
  optional,
  percentage,
  preset,
  type Reader,
  type Setting,
  type Settings,
  several,
  type Spec,
  toggle,
  whole,
  words,
  yesNo,
} from './setting.ts'
export { accessSettings, type AccessValues } from './access-flags.ts'
export {
  chainSettings,
  chainText,
  type ChainValues,
  consent,
  netuid,
  walletSettings,
  type WalletValues,
} from './subnet-flags.ts'
export type { Terminal } from './terminal.ts'
