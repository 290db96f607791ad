import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Program } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { runProgram } from './run.ts'
import { processEnvironment } from './settings.ts'

/**
 * Runs a program as this process, and ends it. The first SIGINT or SIGTERM asks the command to stop, the second ends at
 * once. A reader that leaves early (`| head`) is the end of output, not of the work.
 * @param main `import.meta.url` of the file beside whose folder the package.json with the version is
 */
export async function runAsProcess(program: Program, main: string): Promise<never> {
  const { stdin, stdout, stderr } = process
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(exitCodes.interrupted)
      stderr.write('Stopping. Once more to end at once.\n')
      stop.abort(new Error(name))
    })
  }
  const around = {
    stdin,
    stdout,
    stderr,
    environment: processEnvironment(),
    signal: stop.signal,
    version: versionOf(main),
  }
  const code = await runProgram(program, process.argv.slice(2), around)
  // The chain library keeps timers for seconds; flush, then leave.
  await Promise.all([stdout, stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
  process.exit(code)
}

function versionOf(main: string): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', main), 'utf8')) as { version: string }
  return version
}
