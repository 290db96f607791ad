import { PassThrough, Writable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openWithPassword } from '../src/index.ts'
import { createTerminal, type Terminal } from '../src/terminal.ts'

const seen: string[] = []
const sink = (): Writable =>
  new Writable({
    write(chunk: Buffer, _, done) {
      seen.push(chunk.toString())
      done()
    },
  })
const terminal = (level = 0): Terminal =>
  createTerminal({ stdin: new PassThrough(), stdout: sink(), stderr: sink(), json: 'none', level, colour: false })
beforeEach(() => void (seen.length = 0))

describe('waiting', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const later = async (ms: number): Promise<string> =>
    await new Promise((resolve) => setTimeout(() => resolve('here'), ms))

  it('is told after a second, once, and not when the answer is quick', async () => {
    const quick = terminal().waiting('the chain', later(900))
    await vi.advanceTimersByTimeAsync(900)
    expect([await quick, seen]).toEqual(['here', []])
    const slow = terminal().waiting('the chain', later(5000))
    await vi.advanceTimersByTimeAsync(1000)
    expect(seen).toEqual(['waiting for the chain …\n'])
    await vi.advanceTimersByTimeAsync(4000)
    expect([await slow, seen.length]).toEqual(['here', 1])
  })

  it('is not told with --quiet, and its timer ends with the work', async () => {
    const failing = terminal().waiting('the chain', Promise.reject(new Error('gone')))
    await expect(failing).rejects.toThrow('gone')
    const slow = terminal(-1).waiting('the chain', later(5000))
    await vi.advanceTimersByTimeAsync(5000)
    expect([await slow, seen]).toEqual(['here', []])
  })
})

describe('a locked wallet', () => {
  const failing = (code: string): Error => Object.assign(new Error(`it is ${code}.`), { code })
  const lock = { name: 'me/default', variable: 'THE_PASSWORD' }
  const opening =
    (right: string, asked: (string | undefined)[] = []) =>
    async (password: string | undefined): Promise<string> => {
      asked.push(password)
      if (password === undefined) throw failing('PASSWORD_REQUIRED')
      if (password !== right) throw failing('BAD_PASSWORD')
      return 'open'
    }
  const person = (...typed: string[]) => {
    const warnings: string[] = []
    return { warnings, warn: (text: string) => void warnings.push(text), password: async () => typed.shift() ?? null }
  }

  it('gives a person three tries', async () => {
    const patient = person('a', 'b', 'right')
    expect(await openWithPassword(patient, { ...lock, password: undefined }, opening('right'))).toBe('open')
    expect(patient.warnings).toEqual([
      'This does not open me/default; 2 tries are left.',
      'This does not open me/default; one try is left.',
    ])
    const asked: (string | undefined)[] = []
    const wrong = openWithPassword(
      person('a', 'b', 'c', 'd'),
      { ...lock, password: undefined },
      opening('right', asked),
    )
    await expect(wrong).rejects.toMatchObject({ code: 'BAD_PASSWORD' })
    expect(asked).toEqual([undefined, 'a', 'b', 'c'])
  })

  it('names the variable where nobody can be asked', async () => {
    const nobody = openWithPassword(person(), { ...lock, password: undefined }, opening('right'))
    await expect(nobody).rejects.toMatchObject({
      code: 'PASSWORD_REQUIRED',
      message: 'it is PASSWORD_REQUIRED. Set THE_PASSWORD, or run this at a terminal.',
    })
  })

  it('asks nobody when the password is known, right or wrong', async () => {
    expect(await openWithPassword(person(), { ...lock, password: 'right' }, opening('right'))).toBe('open')
    const wrong = openWithPassword(person('right'), { ...lock, password: 'wrong' }, opening('right'))
    await expect(wrong).rejects.toMatchObject({ code: 'BAD_PASSWORD' })
  })
})
