/** How a command can end. */
export type ExitKind = keyof typeof exitCodes

/** The exit code of each kind, the same in every program. */
export const exitCodes = {
  done: 0,
  bug: 1,
  usage: 2,
  refused: 3,
  wallet: 4,
  key: 5,
  room: 6,
  unreachable: 7,
  unfinished: 8,
  interrupted: 130,
} as const

/** What each kind means, as every `--help` prints it. */
export const exitMeanings: Readonly<Record<ExitKind, string>> = {
  done: 'done, or nothing to do',
  bug: 'a bug in the program: please report it',
  usage: 'wrong flags, variables or input; nothing was tried',
  refused: 'the answer is no: not confirmed, changed by somebody else, absent, corrupt, or failed for good',
  wallet: 'the wallet cannot be opened',
  key: 'the wrong key, or a hotkey that is not registered',
  room: 'no room: commitment, epoch or disk full; a port or file that another process holds',
  unreachable: 'chain, store or hub cannot be reached or used; nothing else is known to be wrong',
  unfinished: 'half way: sent but not confirmed (look before you repeat), or queued (run it again, it goes on)',
  interrupted: 'stopped by Ctrl-C or a signal',
}
