import type { Failure } from './errors.ts'
import type { ExitKind } from './exit-codes.ts'
import type { Environment } from './resolve.ts'
import type { AnySettings, Settings } from './setting.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with beside its values. */
export interface Context {
  readonly terminal: Terminal
  /** Fires at the first Ctrl-C. */
  readonly signal: AbortSignal
  readonly environment: Environment
}

export interface Example {
  readonly line: string
  readonly meaning: string
}

/** One command as data: what it takes, what it is for, and the work. */
export interface Command {
  /** `put`, `uploads list`; empty when the program is one command. */
  readonly name: string
  readonly meaning: string
  readonly settings: AnySettings
  readonly examples: readonly Example[]
  /** @returns how it ended; nothing = done */
  readonly run: (values: unknown, context: Context) => Promise<ExitKind | void>
}

/** A command whose work gets the values that its settings make. */
export function command<V>(parts: {
  readonly name: string
  readonly meaning: string
  readonly settings: Settings<V>
  readonly examples?: readonly Example[]
  readonly run: (values: V, context: Context) => Promise<ExitKind | void>
}): Command {
  const { run, settings, examples = [] } = parts
  return {
    ...parts,
    examples,
    settings,
    run: async (values, context) => await run(values as V, context),
  }
}

/** A whole program as data. */
export interface Program {
  readonly name: string
  readonly meaning: string
  readonly commands: readonly Command[]
  /** Paragraphs at the end of its help. */
  readonly notes?: readonly string[]
  /** What an error of this program's own packages stands for; null when it is not one of them. */
  readonly failureOf: (error: unknown) => Failure | null
}
