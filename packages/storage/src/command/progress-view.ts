import type { TransferEvent } from '@sluice/transfer'
import { printable, type Terminal } from '@sluice/command-line'
import { createLogUpdate } from 'log-update'
import { type ProgressEvent, barLine, plainLine, retryLine } from './progress-text.ts'

/** Shows transfers while they run. */
export interface TransferView {
  event(event: TransferEvent): void
  /** A transfer ended; the line stays. */
  finished(key: string, line: string): void
  close(): void
}

export interface ViewOptions {
  /** Where bars are drawn; null = lines. */
  readonly terminal: NodeJS.WriteStream | null
  readonly write: (line: string) => void
  /** One JSON object per event instead. */
  readonly json: ((value: unknown) => void) | null
  readonly now: () => number
}

/** A command's view: bars at a terminal, JSON lines for a program, else lines. */
export function viewOf(terminal: Terminal): ViewOptions {
  const json = terminal.json === 'none' ? null : (value: unknown) => terminal.event(value as object)
  return { terminal: terminal.screen, write: (line) => terminal.note(line), json, now: Date.now }
}

/** Lines for logs come this often, bars ten times a second. */
const LINE_EVERY_MS = 5000

export function createTransferView({ terminal, write, json, now }: ViewOptions): TransferView {
  if (json !== null) return { event: json, finished: () => undefined, close: () => undefined }
  return terminal === null ? createLines(write, now) : createBars(terminal)
}

function createLines(write: (line: string) => void, now: () => number): TransferView {
  const told = new Map<string, { time: number; phase: string }>()
  return {
    event: (event) => {
      if (event.type === 'retry') return write(retryLine(event))
      if (event.type !== 'progress' || event.phase === 'done') return
      const before = told.get(event.key)
      const isNew = before?.phase !== event.phase && event.phase !== 'starting'
      if (!isNew && before !== undefined && now() - before.time < LINE_EVERY_MS) return
      told.set(event.key, { time: now(), phase: event.phase })
      if (event.phase !== 'starting') write(plainLine(event))
    },
    finished: (key, line) => {
      told.delete(key)
      write(line)
    },
    close: () => undefined,
  }
}

function createBars(terminal: NodeJS.WriteStream): TransferView {
  const screen = createLogUpdate(terminal)
  const running = new Map<string, ProgressEvent>()
  const draw = (): void => {
    const width = Math.max(40, terminal.columns ?? 80)
    screen([...running.values()].map((event) => barLine(event, width)).join('\n'))
  }
  const above = (line: string): void => {
    screen.clear()
    terminal.write(`${printable(line)}\n`)
    draw()
  }
  return {
    event: (event) => {
      if (event.type === 'retry') return above(retryLine(event))
      if (event.type !== 'progress') return
      running.set(event.key, event)
      draw()
    },
    finished: (key, line) => {
      running.delete(key)
      above(line)
    },
    close: () => {
      screen.clear()
      screen.done()
    },
  }
}
