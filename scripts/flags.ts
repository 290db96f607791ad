import process from 'node:process'
import { parseArgs, type ParseArgsConfig } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values']

/** The flags of a script. Tells the usage for `--help`, and what is wrong with exit code 2. */
export function readFlags<const T extends Options>(usage: string, options: T): Values<T> {
  // A leading -- comes from `pnpm run … -- --json`.
  const args = process.argv.slice(2).filter((argument) => argument !== '--')
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage.trim())
    process.exit(0)
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    return refuse((error as Error).message)
  }
}

/** A whole number from a flag. */
export function wholeNumber(name: string, text: string, least = 0): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= least ? value : refuse(`--${name} is a whole number from ${least}`)
}

/** Ends the script, as it was started wrongly. */
export function refuse(reason: string): never {
  console.error(`${reason}; see --help`)
  return process.exit(2)
}
