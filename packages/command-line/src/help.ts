import type { CommandDescription, ProgramDescription, SettingDescription } from './describe.ts'

const most = 100

/** Help of a whole program: its commands, variables and exit codes. */
export function programHelp(program: ProgramDescription, columns: number): string {
  const width = Math.min(columns, most)
  const [only] = program.commands
  if (only?.name === '') return commandHelp(program, only, columns)
  const commands = program.commands.map(({ name, meaning }) => [name, meaning] as const)
  return sections([
    `Usage: ${program.name} <command> [flags]`,
    wrap(program.meaning, width, ''),
    pairs('Commands', [...commands, ['completion [bash|zsh]', 'a script that completes commands and flags']], width),
    `"${program.name} <command> --help" tells all of a command.`,
    ...ending(program, width),
  ])
}

/** Help of one command: arguments, flags by group, examples, and what holds for the program. */
export function commandHelp(program: ProgramDescription, command: CommandDescription, columns: number): string {
  const width = Math.min(columns, most)
  const flags = command.settings.filter(({ name, isArgument }) => name !== null && !isArgument)
  const groups = [...new Set(flags.map(({ group }) => group))]
  const named = new Set(command.settings.flatMap(({ variables }) => variables))
  return sections([
    `Usage: ${command.usage}`,
    wrap(command.name === '' ? program.meaning : command.meaning, width, ''),
    pairs('Arguments', command.settings.filter(({ isArgument }) => isArgument).map(line), width),
    ...groups.map((name) => pairs(name, flags.filter(({ group }) => group === name).map(line), width)),
    pairs(
      'Examples',
      command.examples.map(({ line, meaning }) => [line, meaning] as const),
      width,
    ),
    ...ending(
      { ...program, variables: program.variables.filter(({ name }) => named.has(name)) },
      width,
      ({ meaning, flag }) => (flag === null ? meaning : `as ${flag}, which wins`),
    ),
  ])
}

type Variable = ProgramDescription['variables'][number]

function ending(
  { variables, exitCodes, notes }: ProgramDescription,
  width: number,
  told = ({ meaning, flag }: Variable): string => (flag === null ? meaning : `${meaning} (${flag} wins)`),
): string[] {
  return [
    pairs(
      'Environment',
      variables.map((variable) => [variable.name, told(variable)] as const),
      width,
    ),
    pairs(
      'Exit codes',
      exitCodes.map(({ code, meaning }) => [String(code), meaning] as const),
      width,
    ),
    ...notes.map((note) => wrap(note, width, '')),
  ]
}

function line(setting: SettingDescription): readonly [string, string] {
  const { name, also, value, meaning, initial, needed, choices, isArgument } = setting
  const short = also.filter((spelling) => spelling.length === 2)
  const facts = [
    ...(choices === null || !isArgument ? [] : [choices.join(', ')]),
    ...(initial === null ? [] : [`default: ${initial}`]),
    ...(needed && !isArgument ? ['needed'] : []),
  ]
  const left = [[...short, name].join(', '), value].filter(Boolean).join(' ')
  return [left, `${meaning}${facts.length === 0 ? '' : ` (${facts.join('; ')})`}`]
}

/** Two columns; a long left side has a line of its own. */
function pairs(title: string, rows: readonly (readonly [left: string, right: string])[], width: number): string {
  if (rows.length === 0) return ''
  const column = Math.min(30, Math.max(...rows.map(([left]) => left.length))) + 4
  const lines = rows.map(([left, right]) => {
    const text = wrap(right, width, ' '.repeat(column))
    return left.length + 4 <= column ? `  ${left}`.padEnd(column) + text.trimStart() : `  ${left}\n${text}`
  })
  return `${title}:\n${lines.join('\n')}`
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = []
  let current = indent
  for (const word of text.split(' ')) {
    const longer = current === indent ? indent + word : `${current} ${word}`
    if (longer.length > width && current !== indent) {
      lines.push(current)
      current = indent + word
    } else current = longer
  }
  return [...lines, current].join('\n')
}

const sections = (parts: readonly string[]): string => `${parts.filter((part) => part !== '').join('\n\n')}\n`
