import yargs, { type Argv, type Options } from 'yargs'
import type { Command, Program } from './command.ts'
import { CommandError } from './errors.ts'
import { outputSettings } from './output-flags.ts'
import type { Given } from './resolve.ts'
import type { AnySettings, Setting } from './setting.ts'
import { nearest, spellings } from './spelling.ts'

/** A command line that can be understood. */
export interface Parsed {
  /** Null when none was named, or only the first word of several. */
  readonly command: Command | null
  readonly given: Given
}

/** Names stay as they are, values stay texts: the settings read them. */
const plainly = {
  'dot-notation': false,
  'camel-case-expansion': false,
  'boolean-negation': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'strip-aliased': true,
}
const output = outputSettings as unknown as AnySettings

/**
 * Finds the command and what is said to it.
 * @param argv without `node` and the script
 * @throws CommandError USAGE, with the flag or command that was probably meant
 */
export function parse(program: Program, argv: readonly string[]): Parsed {
  let parsed: Parsed | null = null
  let current: AnySettings = output
  const seen = { enter: (settings: AnySettings) => (current = settings), leave: (found: Parsed) => (parsed = found) }
  const line = build(program, seen).fail((message, error) => {
    if (error instanceof CommandError) throw error
    if (current === output) refuseUnknown(program, argv)
    throw new CommandError('USAGE', explained(message, current))
  })
  const rest = line.parseSync(argv.map(asFlag)) as Record<string, unknown>
  if (parsed !== null) return parsed
  refuseUnknown(program, argv)
  return { command: null, given: givenOf(output, { ...rest, _: [] }, 0) }
}

/** @throws CommandError USAGE when the words before the first flag lead to no command */
function refuseUnknown({ commands }: Program, argv: readonly string[]): void {
  const end = argv.findIndex((token) => token.startsWith('-'))
  const word = (end < 0 ? argv : argv.slice(0, end)).join(' ')
  const names = commands.map(({ name }) => name)
  if (word === '' || names.some((name) => name.startsWith(`${word} `))) return
  const near = nearest(word, [...names, 'completion'])
  throw new CommandError('USAGE', `unknown command "${word}"${near === null ? '' : `; did you mean "${near}"?`}`)
}

interface Watch {
  readonly enter: (settings: AnySettings) => void
  readonly leave: (parsed: Parsed) => void
}

function build(program: Program, watch: Watch): Argv {
  const line = yargs()
    .scriptName(program.name)
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration(plainly)
    .strictOptions()
    .updateStrings({
      'Not enough arguments following: %s': 'needs a value: %s',
      'Unknown argument: %s': { one: 'unknown flag: %s', other: 'unknown flag: %s' } as never,
    })
    .options(optionsOf(output))
  for (const first of new Set(program.commands.map(({ name }) => name.split(' ')[0] ?? ''))) {
    const below = program.commands.filter(({ name }) => name.startsWith(`${first} `))
    const own = program.commands.find(({ name }) => name === first)
    if (own !== undefined) add(line, first === '' ? '$0' : first, own, watch)
    else {
      const builder = (inner: Argv): Argv => {
        for (const command of below) add(inner, command.name.slice(first.length + 1), command, watch)
        return inner
      }
      line.command({ command: first, describe: below[0]?.meaning ?? '', builder, handler: () => undefined })
    }
  }
  return line
}

function add(line: Argv, word: string, command: Command, watch: Watch): void {
  const settings = { ...command.settings, ...output }
  line.command({
    command: word,
    describe: command.meaning,
    builder: (inner: Argv) => {
      watch.enter(settings)
      return inner.options(optionsOf(settings))
    },
    handler: (argv) => {
      const depth = command.name === '' ? 0 : command.name.split(' ').length
      watch.leave({ command, given: givenOf(settings, argv, depth) })
    },
  })
}

/** `--json=events` is a switch of its own, so that `--json` takes no value. */
function asFlag(token: string): string {
  return /^--json([-_]output)?=events$/.test(token) ? '--json-events' : token
}

function optionsOf(settings: AnySettings): Record<string, Options> {
  const flags = Object.values(settings).filter((setting) => setting.flag !== undefined)
  const taken = new Set(flags.flatMap(({ flag }) => spellings(flag ?? '')))
  const options = flags.map((setting): [string, Options] => {
    const { flag = '', also = [], kind } = setting
    // A flag's own name wins over another flag's further name.
    const further = also.flatMap(spellings).filter((name) => !taken.has(name))
    const alias = [...spellings(flag).filter((name) => name !== flag), ...further]
    if (kind === 'switch') return [flag, { alias, ...(flag === 'verbose' ? { count: true } : { boolean: true }) }]
    const value: Options = kind === 'many' ? { array: true, string: true } : { string: true }
    return [flag, { ...value, alias, requiresArg: true }]
  })
  return Object.fromEntries(options)
}

const wordsOf = (argv: Record<string, unknown>): readonly string[] => (argv['_'] as unknown[]).map(String)

/** Texts by the settings' keys; what stands without a flag goes to the arguments in order. */
function givenOf(settings: AnySettings, argv: Record<string, unknown>, depth: number): Given {
  const places = Object.entries(settings).filter(([, { argument }]) => argument !== undefined)
  const words = wordsOf(argv).slice(depth)
  const given: Record<string, readonly string[]> = {}
  for (const [key, setting] of Object.entries(settings)) {
    const texts = textsOf(setting, argv)
    if (texts !== undefined) given[key] = texts
  }
  for (const [key, { kind }] of places) {
    const texts = kind === 'many' ? words.splice(0) : words.splice(0, 1)
    if (texts.length > 0) given[key] = texts
  }
  if (words.length > 0) throw new CommandError('USAGE', `too many arguments: ${words.join(' ')}`)
  return given
}

function textsOf({ flag }: Setting<unknown>, argv: Record<string, unknown>): readonly string[] | undefined {
  const value = flag === undefined ? undefined : argv[flag]
  if (value === undefined || value === false || value === 0) return undefined
  if (typeof value === 'number') return Array.from({ length: value }, () => 'true')
  return (Array.isArray(value) ? value : [value]).map(String)
}

function explained(message: string, settings: AnySettings): string {
  const [, problem = '', list = ''] = /^(unknown flag|needs a value): (.*)$/s.exec(message) ?? []
  if (problem === '') return message
  const known = Object.values(settings).flatMap(({ flag, also = [] }) => [
    ...(flag === undefined ? [] : [flag]),
    ...also,
  ])
  const sentences = list.split(', ').map((name) => {
    const dashed = name.length === 1 ? `-${name}` : `--${name}`
    if (problem === 'needs a value') return `${dashed} needs a value`
    const near = nearest(name, known)
    return `unknown flag ${dashed}${near === null ? '' : `; did you mean --${near}?`}`
  })
  return sentences.join('; ')
}
