import { BadValue } from './errors.ts'

/** Makes a value of one text. @throws BadValue */
export interface Reader<T> {
  (text: string): T
  /** All that may be said, for help and completion. */
  readonly choices?: readonly string[]
}

/** What people read about a setting, and how it is spelled. */
export interface Spec {
  /** Name of the flag without dashes, such as `wallet.name`; dots, dashes and underscores are one. */
  readonly flag?: string
  /** Further names; one letter is a short flag. */
  readonly also?: readonly string[]
  /** Set by its place on the command line instead of a flag. */
  readonly argument?: string
  /** Environment variables; the first that is set counts. */
  readonly variables?: readonly string[]
  /** What stands for the value in help: `<file>`. */
  readonly value?: string
  /** Heading in help. */
  readonly group?: string
  readonly meaning: string
  /** Settings whose variables do not count when this flag is given. */
  readonly beats?: readonly string[]
  /** The default, when the value itself does not say it. */
  readonly shown?: string
  /** Never repeated in a message. */
  readonly secret?: boolean
}

/** One thing a command can be told, by flag, by place or by variable. */
export interface Setting<T> extends Spec {
  readonly kind: 'switch' | 'one' | 'many'
  readonly choices: readonly string[] | null
  readonly needed: boolean
  /** What holds when nothing is said; not used when `needed`. */
  readonly initial: T
  /** @throws BadValue */
  readonly read: (texts: readonly string[]) => T
}

/** The settings that make a V. */
export type Settings<V> = { readonly [K in keyof V]-?: Setting<V[K]> }

/** Settings by their keys, whatever they make. */
export type AnySettings = Readonly<Record<string, Setting<unknown>>>

const last = (texts: readonly string[]): string => texts.at(-1) ?? ''

function one<T, D>(read: Reader<T>, needed: boolean, initial: D, spec: Spec): Setting<T | D> {
  const choices = read.choices ?? null
  return { ...spec, kind: 'one', choices, needed, initial, read: (texts) => read(last(texts)) }
}

/** Undefined when it is not given. */
export function optional<T>(read: Reader<T>, spec: Spec): Setting<T | undefined> {
  return one(read, false, undefined, spec)
}

/** Refused when it is not given. */
export function needed<T>(read: Reader<T>, spec: Spec): Setting<T> {
  return one(read, true, undefined, spec) as Setting<T>
}

/** `initial` when it is not given. */
export function preset<T>(read: Reader<T>, initial: T, spec: Spec): Setting<T> {
  return one(read, false, initial, spec)
}

/** Any number of them. */
export function several<T>(read: Reader<T>, spec: Spec, least: 0 | 1 = 0): Setting<readonly T[]> {
  const choices = read.choices ?? null
  return { ...spec, kind: 'many', choices, needed: least > 0, initial: [], read: (texts) => texts.map(read) }
}

/** A flag without a value. */
export function toggle(spec: Spec): Setting<boolean> {
  return { ...spec, kind: 'switch', choices: null, needed: false, initial: false, read: (texts) => yesNo(last(texts)) }
}

/** The text as it is, without spaces around it. @throws BadValue when nothing is left */
export function words(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') throw new BadValue('must not be empty')
  return trimmed
}

/** Exactly what was said, for passwords. */
export const exactly = (text: string): string => text

/** `true` or `false`, and what people write for them. @throws BadValue */
export const yesNo: Reader<boolean> = Object.assign(
  (text: string): boolean => {
    if (/^(true|1|yes|on)$/i.test(text)) return true
    if (/^(false|0|no|off)$/i.test(text)) return false
    throw new BadValue('must be true or false')
  },
  { choices: ['true', 'false'] },
)

/** A whole number. @throws BadValue */
export function whole(least: number, most: number, what = 'a whole number'): Reader<number> {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new BadValue(`must be ${what} from ${least} to ${most}`)
  }
}

/** 0 to 100 with at most two decimals; a percent sign may follow. @throws BadValue */
export function percentage(text: string): number {
  const value = /^\d{1,3}(\.\d{1,2})?%?$/.test(text) ? Number(text.replace('%', '')) : Number.NaN
  if (value <= 100) return value
  throw new BadValue('must be 0 to 100, with at most two decimals')
}

/** One of a few words. @throws BadValue */
export function oneOf<const T extends string>(...choices: readonly T[]): Reader<T> {
  return Object.assign(
    (text: string): T => {
      const found = choices.find((choice) => choice === text)
      if (found !== undefined) return found
      throw new BadValue(`must be ${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`)
    },
    { choices },
  )
}

/** Several values in one text, separated by commas. */
export function listOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (text) =>
    text
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => read(part.trim()))
}
