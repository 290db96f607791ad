import { describe, type ProgramDescription, type SettingDescription } from '@sluice/command-line'
import { createProgram as config } from '../../packages/config-cli/src/cli.ts'
import { program as devnet } from '../../packages/devnet/src/cli.ts'
import { program as gateway } from '../../packages/gateway/src/cli.ts'
import { program as miner } from '../../packages/storage/src/command/cli.ts'
import { program as validator } from '../../packages/validator/src/command/cli.ts'
import { code, table } from './markdown.ts'

export const programs: readonly ProgramDescription[] = [config(), miner, validator, gateway, devnet].map(describe)

/** What every command of every program takes alike. */
const common = sharedSettings(programs.flatMap(({ commands }) => commands.map(({ settings }) => settings)))

/** The flags of one program, what all of its commands share first. */
export function programSection({ name, meaning, commands, notes }: ProgramDescription): string {
  const own = commands.map(({ settings }) => without(settings, common))
  const shared = commands.length > 1 ? sharedSettings(own) : []
  return [
    `## ${name}`,
    meaning,
    ...notes,
    ...(shared.length > 0 ? [`### ${name}: every command`, settingsTable(shared)] : []),
    ...commands.flatMap((command, at) => [
      ...(commands.length > 1 ? [`### ${name} ${command.name}`, sentence(command.meaning)] : []),
      `\`\`\`text\n${command.usage}\n\`\`\``,
      settingsTable(without(own[at] ?? [], shared)),
      command.examples.map(({ line, meaning: what }) => `- ${code(line)}: ${what}`).join('\n'),
    ]),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

export const commonTable = (): string => settingsTable(common)

/** Every environment variable, with the programs that read it. */
export function variablesTable(): string {
  const rows = new Map<string, { meaning: string; flag: string; programs: string[] }>()
  for (const program of programs) {
    for (const { name, meaning, flag } of program.variables) {
      const row = rows.get(name) ?? { meaning, flag: flag === null ? '' : code(flag), programs: [] }
      row.programs.push(program.name.replace('sluice-', ''))
      rows.set(name, row)
    }
  }
  const lines = [...rows].toSorted(([one], [other]) => one.localeCompare(other))
  return table(
    ['variable', 'flag that wins over it', 'read by', 'meaning'],
    lines.map(([name, row]) => [
      code(name),
      row.flag,
      row.programs.length === programs.length ? 'all' : row.programs.join(', '),
      row.meaning,
    ]),
  )
}

export function exitCodesTable(): string {
  const [{ exitCodes } = { exitCodes: [] }] = programs
  return table(
    ['exit code', 'meaning'],
    exitCodes.map(({ code: number, meaning }) => [String(number), meaning]),
  )
}

function settingsTable(settings: readonly SettingDescription[]): string {
  if (settings.length === 0) return ''
  return table(
    ['flag', 'variable', 'default', 'meaning'],
    settings.map(({ name, value, also, variables, initial, needed, meaning }) => [
      name === null ? '' : [code([name, value].filter(Boolean).join(' ')), ...also.map(code)].join(', '),
      variables.map(code).join(', '),
      needed ? 'needed' : (initial ?? ''),
      meaning,
    ]),
  )
}

/** What is the same in all of the lists. */
function sharedSettings(lists: readonly (readonly SettingDescription[])[]): readonly SettingDescription[] {
  const [first = [], ...others] = lists
  return first.filter((setting) => others.every((list) => without([setting], list).length === 0))
}

function without(
  settings: readonly SettingDescription[],
  others: readonly SettingDescription[],
): readonly SettingDescription[] {
  const known = new Set(others.map((other) => JSON.stringify(other)))
  return settings.filter((setting) => !known.has(JSON.stringify(setting)))
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
