import type { Command, Example, Program } from './command.ts'
import { exitCodes, type ExitKind, exitMeanings } from './exit-codes.ts'
import { outputSettings } from './output-flags.ts'
import type { Setting } from './setting.ts'

/** A flag or a place on the command line. */
export interface SettingDescription {
  /** `--wallet.name`, or `<file...>`; null when only a variable sets it. */
  readonly name: string | null
  /** Further spellings, with their dashes. */
  readonly also: readonly string[]
  /** `<name>`; null for a switch. */
  readonly value: string | null
  readonly group: string
  readonly meaning: string
  readonly variables: readonly string[]
  readonly choices: readonly string[] | null
  /** As people write it; null when there is none. */
  readonly initial: string | null
  readonly needed: boolean
  readonly many: boolean
  readonly isArgument: boolean
}

export interface CommandDescription {
  readonly name: string
  readonly usage: string
  readonly meaning: string
  readonly settings: readonly SettingDescription[]
  readonly examples: readonly Example[]
}

/** A program as plain data: what `--help` prints and a reference page is made of. */
export interface ProgramDescription {
  readonly name: string
  readonly meaning: string
  readonly commands: readonly CommandDescription[]
  /** Every environment variable, with the flags that win over it. */
  readonly variables: readonly { readonly name: string; readonly meaning: string; readonly flag: string | null }[]
  readonly exitCodes: readonly { readonly code: number; readonly kind: ExitKind; readonly meaning: string }[]
  readonly notes: readonly string[]
}

/** What a program takes, says and means. */
export function describe(program: Program): ProgramDescription {
  const commands = program.commands.map((command) => describeCommand(program.name, command))
  const own = program.commands.flatMap((command) => Object.values(command.settings))
  const settings = [...own, ...Object.values(outputSettings)].map(describeSetting)
  const variables = new Map(settings.flatMap((setting) => setting.variables.map((name) => [name, setting] as const)))
  return {
    name: program.name,
    meaning: program.meaning,
    commands,
    variables: [...variables].map(([name, setting]) => ({ name, meaning: setting.meaning, flag: setting.name })),
    exitCodes: Object.entries(exitCodes).map(([kind, code]) => {
      return { code, kind: kind as ExitKind, meaning: exitMeanings[kind as ExitKind] }
    }),
    notes: program.notes ?? [],
  }
}

function describeCommand(program: string, { name, meaning, settings, examples }: Command): CommandDescription {
  const described = [...Object.values(settings), ...Object.values(outputSettings)].map(describeSetting)
  const places = described.filter(({ isArgument }) => isArgument).map((place) => place.name)
  const usage = [program, name, ...places, '[flags]'].filter(Boolean).join(' ')
  return { name, usage, meaning, settings: described, examples }
}

function describeSetting(setting: Setting<unknown>): SettingDescription {
  const { flag, argument, also = [], kind, needed, choices, group = 'Flags', meaning, variables = [] } = setting
  const dots = kind === 'many' ? '...' : ''
  const place = argument === undefined ? null : needed ? `<${argument}${dots}>` : `[${argument}${dots}]`
  return {
    name: flag === undefined ? place : `--${flag}`,
    also: also.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)),
    value: kind === 'switch' || flag === undefined ? null : `<${setting.value ?? choices?.join('|') ?? 'text'}${dots}>`,
    group,
    meaning,
    variables,
    choices,
    initial: setting.shown ?? shownInitial(setting),
    needed,
    many: kind === 'many',
    isArgument: place !== null && flag === undefined,
  }
}

function shownInitial({ kind, needed, initial }: Setting<unknown>): string | null {
  if (kind !== 'one' || needed) return null
  return typeof initial === 'string' || typeof initial === 'number' || typeof initial === 'boolean'
    ? String(initial)
    : null
}
