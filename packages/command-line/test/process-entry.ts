/** A program for process.test.ts: prints until it is told to stop, or stops late. */
import { setTimeout as wait } from 'node:timers/promises'
import { command, type Program, runAsProcess, toggle } from '../src/index.ts'

const program: Program = {
  name: 'sluice-entry',
  meaning: 'Prints.',
  commands: [
    command<{ readonly stubborn: boolean }>({
      name: 'lines',
      meaning: 'many lines, and the work after them',
      settings: { stubborn: toggle({ flag: 'stubborn', meaning: 'does not stop when asked' }) },
      run: async ({ stubborn }, { terminal, signal }) => {
        for (let at = 0; at < 20_000; at++) terminal.line(`line ${at} of a long output`)
        terminal.note('the work went on')
        if (!stubborn) return 'done'
        setInterval(() => undefined, 1000)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        terminal.note('asked to stop')
        await wait(60_000)
        return 'done'
      },
    }),
  ],
  failureOf: () => null,
}
await runAsProcess(program, import.meta.url)
