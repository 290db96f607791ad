import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const entry = fileURLToPath(new URL('./process-entry.ts', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

const start = (...args: string[]): ChildProcess & { told: () => string } => {
  const child = spawn(process.execPath, ['--conditions=@sluice/source', '--import', 'tsx', entry, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let told = ''
  child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()))
  return Object.assign(child, { told: () => told })
}

it('a reader that leaves is the end of output, not of the work', async () => {
  const child = start('lines')
  child.stdout?.once('data', () => child.stdout?.destroy())
  expect(await once(child, 'close')).toEqual([0, null])
  expect(child.told()).toBe('the work went on\n')
})

it('everything is written before the process ends', async () => {
  const child = start('lines')
  let bytes = ''
  child.stdout?.on('data', (chunk: Buffer) => (bytes += chunk.toString()))
  await once(child, 'close')
  expect(bytes.trimEnd().split('\n').at(-1)).toBe('line 19999 of a long output')
})

it('the first signal asks, the second ends at once with 130', async () => {
  const child = start('lines', '--stubborn')
  child.stdout?.resume()
  await expect.poll(child.told, { timeout: 30_000 }).toContain('the work went on')
  child.kill('SIGINT')
  await expect.poll(child.told, { timeout: 30_000 }).toContain('asked to stop')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([130, null])
})

it('the version is that of the package.json above', async () => {
  const child = start('--version')
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
  expect(line.toString()).toMatch(/^sluice-entry \d+\.\d+\.\d+\n$/)
})
