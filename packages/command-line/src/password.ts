import { CommandError } from './errors.ts'
import type { Terminal } from './terminal.ts'

const tries = 3

/**
 * Opens something that may be locked: with the password that is known, else a person at the terminal has three tries.
 * @param open throws an error with code PASSWORD_REQUIRED when it is locked, BAD_PASSWORD when the password is another
 * @throws CommandError PASSWORD_REQUIRED where nobody can be asked; INTERRUPTED; else what `open` throws
 */
export async function openWithPassword<T>(
  terminal: Pick<Terminal, 'password' | 'warn'>,
  lock: { readonly name: string; readonly password: string | undefined; readonly variable: string },
  open: (password: string | undefined) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await open(lock.password)
  } catch (error) {
    if (codeOf(error) !== 'PASSWORD_REQUIRED') throw error
    for (let left = tries - 1; ; left--) {
      const typed = await terminal.password(`Password of ${lock.name}`, signal)
      if (typed === null) {
        const why = error instanceof Error ? error.message : String(error)
        throw new CommandError('PASSWORD_REQUIRED', `${why} Set ${lock.variable}, or run this at a terminal.`, error)
      }
      try {
        return await open(typed)
      } catch (wrong) {
        if (codeOf(wrong) !== 'BAD_PASSWORD' || left === 0) throw wrong
        terminal.warn(`This does not open ${lock.name}; ${left === 1 ? 'one try is' : `${left} tries are`} left.`)
      }
    }
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : null)
