import type { Context, Terminal } from '@sluice/command-line'
import type { Log } from '../log.ts'
import type { CliContext } from './from-settings.ts'

/** One line per message, as people read it, and one per cause: a hundred files that fail alike are one. */
export function logLines(terminal: Terminal): Log {
  const causes = new Set<string>()
  return {
    debug: (_fields, text) => terminal.detail(text, 2),
    info: (_fields, text) => terminal.note(text),
    warn: (fields, text) => {
      const { backend, code } = fields as { readonly backend?: unknown; readonly code?: unknown }
      const cause = `${String(backend)} ${String(code)}`
      if (typeof code === 'string' && causes.has(cause)) return terminal.detail(text)
      causes.add(cause)
      terminal.warn(text)
    },
    error: (_fields, text) => terminal.error(text),
  }
}

/** For commands of which the answer is of interest, and what is wrong. */
export function quietly({ terminal, environment, signal }: Context): CliContext {
  return {
    log: { ...logLines(terminal), info: (_fields, text) => terminal.detail(text) },
    terminal,
    environment,
    signal,
  }
}
