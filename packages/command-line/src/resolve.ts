import { BadValue, CommandError } from './errors.ts'
import { printable } from './printable.ts'
import type { AnySettings, Setting, Settings } from './setting.ts'

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the command line says, by the settings' keys. */
export type Given = Readonly<Record<string, readonly string[] | undefined>>

/**
 * The value of every setting: what the command line says, else the environment, else the default. A variable that is empty
 * counts as not set. This is the only place that decides which of them wins.
 * @throws CommandError USAGE that names every flag and variable that is missing or wrong
 */
export function resolve<V>(settings: Settings<V>, given: Given, environment: Environment): V {
  const entries = Object.entries(settings as unknown as AnySettings)
  const beaten = new Set(entries.flatMap(([key, { beats = [] }]) => (given[key] === undefined ? [] : beats)))
  const problems: string[] = []
  const valueOf = (key: string, setting: Setting<unknown>): unknown => {
    const said = given[key]
    const variable = beaten.has(key) ? undefined : setting.variables?.find((name) => (environment[name] ?? '').trim())
    const texts = said ?? (variable === undefined ? undefined : [environment[variable] ?? ''])
    if (texts === undefined) {
      if (setting.needed) problems.push(`${namesOf(setting)} is missing`)
      return setting.initial
    }
    try {
      return setting.read(texts)
    } catch (error) {
      if (!(error instanceof BadValue)) throw error
      const quoted = setting.secret === true ? '' : `, not "${printable(texts.join(' ')).slice(0, 100)}"`
      problems.push(`${said === undefined ? variable : shownName(setting)} ${error.message}${quoted}`)
      return setting.initial
    }
  }
  const values = Object.fromEntries(entries.map(([key, setting]) => [key, valueOf(key, setting)]))
  if (problems.length > 0) throw new CommandError('USAGE', problems.join('; '))
  return values as V
}

/** `--wallet.name`, or `<hotkey>`. */
function shownName({ flag, argument }: Pick<Setting<unknown>, 'flag' | 'argument'>): string {
  return flag === undefined ? `<${argument ?? ''}>` : `--${flag}`
}

/** Every way to give it: `--db or SLUICE_DB`. */
function namesOf(setting: Setting<unknown>): string {
  const { flag, argument, variables = [] } = setting
  return [...(flag === undefined && argument === undefined ? [] : [shownName(setting)]), ...variables].join(' or ')
}
