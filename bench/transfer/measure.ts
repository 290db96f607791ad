import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** What one run of one client cost. */
export interface Cost {
  /** Wall seconds: of the work for libraries (which load once in a process's life), of the whole run for programs. */
  readonly wall: number
  /** User and system seconds of the whole client process. */
  readonly cpu: number
  /** Peak resident set of the client process, MB (10^6). */
  readonly rssMb: number
  /** Why it did not finish; null when it did. */
  readonly failed: string | null
}

const timeProgram = '/usr/bin/time'

/** Runs a client in a process of its own and counts what it uses; it is ended after `limitMs`. */
export async function measure(command: Command, limitMs: number): Promise<Cost> {
  const note = join(tmpdir(), `sluice-bench-${randomUUID()}`)
  const counted = existsSync(timeProgram)
  const words = [command.program, ...command.args]
  const [program = '', ...args] = counted ? [timeProgram, '-q', '-f', '%e %U %S %M', '-o', note, ...words] : words
  const started = performance.now()
  const env = { ...process.env, ...command.env }
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-20_000)))
  child.stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-20_000)))
  let late = false
  const timer = setTimeout(() => {
    late = true
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }, limitMs)
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', (error) => resolve(((errors += error.message), -1)))
    child.on('close', resolve)
  })
  const polled = counted ? null : poll(child.pid ?? 0, ended)
  const code = await ended
  clearTimeout(timer)
  const seconds = (performance.now() - started) / 1000
  const used = polled === null ? readNote(note, seconds) : { ...(await polled), wall: seconds }
  rmSync(note, { force: true })
  if (late) return { ...used, failed: `not done after ${limitMs / 1000} s` }
  if (code !== 0) return { ...used, failed: reasonIn(errors) || lastLine(output) || `exit code ${code}` }
  return { ...used, wall: workSeconds(output) ?? used.wall, failed: null }
}

/** Libraries say how long their work took. */
function workSeconds(output: string): number | null {
  const found = /^work_seconds=([\d.]+)$/m.exec(output)?.[1]
  return found === undefined ? null : Number(found)
}

function readNote(note: string, seconds: number): Omit<Cost, 'failed'> {
  const text = existsSync(note) ? readFileSync(note, 'utf8') : ''
  const [wall = seconds, user = 0, system = 0, kilobytes = 0] = lastLine(text).split(' ').map(Number)
  return { wall: wall === 0 ? seconds : wall, cpu: user + system, rssMb: (kilobytes * 1024) / 1e6 }
}

/** Without `time`: the kernel's own high-water mark, read until the process is gone. */
async function poll(pid: number, ended: Promise<unknown>): Promise<{ cpu: number; rssMb: number }> {
  const watch = { over: false }
  void ended.then(() => (watch.over = true))
  let found = { cpu: 0, rssMb: 0 }
  while (!watch.over) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0)
      const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
      if (kilobytes > 0) found = { cpu: ticks / 100, rssMb: (kilobytes * 1024) / 1e6 }
    } catch {
      // It ended between two looks.
    }
    await sleep(10)
  }
  return found
}

/** Of an error that nobody caught Node prints the stack, and its own version last. */
const reasonIn = (errors: string): string => (/^(\S.*)\n +at /m.exec(errors)?.[1] ?? lastLine(errors)).slice(0, 200)
const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 200) ?? ''
