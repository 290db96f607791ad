import {
  chainSettings,
  type ChainValues,
  command,
  CommandError,
  type ExitKind,
  needed,
  oneOf,
  optional,
  type Program,
  several,
  toggle,
  walletSettings,
  type WalletValues,
  words,
} from '../src/index.ts'

interface PutValues extends ChainValues, WalletValues {
  readonly files: readonly string[]
  readonly mode: 'fast' | 'slow' | undefined
  readonly labels: readonly string[]
  readonly noChecks: boolean
}

/** Every kind of setting, and commands that say what they got. */
export const example: Program = {
  name: 'sluice-example',
  meaning: 'Shows what the frame does.',
  commands: [
    command<PutValues>({
      name: 'put',
      meaning: 'stores files',
      settings: {
        files: several(words, { argument: 'file', meaning: 'what to store' }, 1),
        mode: optional(oneOf('fast', 'slow'), { flag: 'mode', meaning: 'how' }),
        labels: several(words, { flag: 'label', meaning: 'names' }),
        noChecks: toggle({ flag: 'no-checks', group: 'Rare', meaning: 'without' }),
        ...chainSettings,
        ...walletSettings,
      },
      examples: [{ line: 'sluice-example put a b', meaning: 'two files' }],
      run: async (values, { terminal }) => {
        terminal.note('a note')
        terminal.detail('a detail')
        terminal.detail('every detail', 2)
        terminal.warn('a warning')
        terminal.event({ event: 'stored', filePath: values.files[0] })
        terminal.line(JSON.stringify(values))
        terminal.table(['file', 'size'], [['a', '1']])
        terminal.object({ ...values, isDone: true })
      },
    }),
    command<{ readonly how: string }>({
      name: 'end badly',
      meaning: 'ends in the way that is named',
      settings: { how: needed(words, { argument: 'how', meaning: 'kind or error' }) },
      run: async ({ how }, { signal }) => {
        if (how === 'usage') throw new CommandError('USAGE', 'so you say')
        if (how === 'known') throw Object.assign(new Error('the disk is full'), { code: 'FULL' })
        if (how === 'bug') throw new TypeError('x is not a function')
        if (how === 'stopped') signal.throwIfAborted()
        return how as ExitKind
      },
    }),
    command({ name: 'end well', meaning: 'does nothing', settings: {}, run: async () => undefined }),
  ],
  notes: ['A note at the end.'],
  failureOf: (error) =>
    error instanceof Error && 'code' in error && error.code === 'FULL'
      ? { kind: 'room', code: 'FULL', message: error.message }
      : null,
}

/** A program that is one command. */
export const single: Program = {
  name: 'sluice-single',
  meaning: 'Is one command.',
  commands: [
    command<{ readonly part: string | undefined; readonly loud: boolean }>({
      name: '',
      meaning: 'starts',
      settings: {
        part: optional(oneOf('all', 'half'), { argument: 'part', meaning: 'what to start' }),
        loud: toggle({ flag: 'loud', meaning: 'louder' }),
      },
      run: async (values, { terminal }) => terminal.line(JSON.stringify(values)),
    }),
  ],
  failureOf: () => null,
}
