import type { TransferEvent } from '@sluice/transfer'
import { printable } from '@sluice/command-line'

export type ProgressEvent = Extract<TransferEvent, { type: 'progress' }>
type RetryEvent = Extract<TransferEvent, { type: 'retry' }>

const steps = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.5 GB`; powers of 1000, as in `status`. */
export function size(bytes: number): string {
  const step = Math.min(steps.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${step === 0 ? bytes : (bytes / 1000 ** step).toFixed(1)} ${steps[step]}`
}

/** `2 h 03 min`, `4 min 05 s`, `9 s`. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  const pad = (value: number): string => String(value).padStart(2, '0')
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`
  return whole >= 60 ? `${Math.floor(whole / 60)} min ${pad(whole % 60)} s` : `${whole} s`
}

/** One line of a terminal. */
export function barLine(event: ProgressEvent, width: number): string {
  const { bytes, bytesTotal } = event
  const share = bytesTotal === null ? null : bytesTotal === 0 ? 1 : Math.min(1, bytes / bytesTotal)
  const figures = share === null ? size(bytes) : `${String(Math.floor(share * 100)).padStart(3)} %`
  const tail = `${figures}  ${rest(event)}`
  const room = Math.max(10, width - tail.length - 4)
  const name = shortened(printable(event.key), Math.max(8, Math.floor(room / 2)))
  const bar = Math.max(4, room - name.length)
  const done = share === null ? 0 : Math.round(bar * share)
  return `${name} ${'━'.repeat(done)}${' '.repeat(bar - done)} ${tail}`
}

/** One line of a log. */
export function plainLine(event: ProgressEvent): string {
  const { key, bytes, bytesTotal } = event
  return printable(`${key}: ${size(bytes)}${bytesTotal === null ? '' : ` of ${size(bytesTotal)}`}, ${rest(event)}`)
}

export function retryLine({ what, attempt, delayMs, message }: RetryEvent): string {
  return printable(`${what}: attempt ${attempt} failed, again in ${duration(delayMs / 1000)}: ${message}`)
}

function rest({ phase, bytesPerSecond, etaSeconds }: ProgressEvent): string {
  if (phase !== 'sending' && phase !== 'receiving') return phase
  const left = etaSeconds === null ? '' : `, ${duration(etaSeconds)} left`
  return `${size(Math.round(bytesPerSecond))}/s${left}`
}

/** Keeps the end, which tells files apart. */
const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `…${text.slice(text.length - most + 1)}`
