import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { UploadResult } from '../../src/index.ts'
import { fromPath } from '../../src/node/index.ts'
import { bytesOf, MIB, sha256, useFolder, useStore } from '../store.ts'

const store = useStore()
const folder = useFolder()
const root = fileURLToPath(new URL('../../../..', import.meta.url))
const program = fileURLToPath(new URL('./kill.program.ts', import.meta.url))
const data = bytesOf(64 * MIB + 3, 7)
const partSize = 5 * MIB
const parts = 13

function start(file: string, key: string, journalFile: string): ChildProcess {
  const { endpoint, bucket, prefix, credentials } = store.current
  const options = JSON.stringify({ journalFile, partSize, sessions: { endpoint, bucket, prefix, credentials } })
  const words = ['--import', 'tsx', '--conditions=@sluice/source', program, file, key, options]
  return spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs it, kills it at the line that `isMoment` picks, and gives its lines. */
async function run(child: ChildProcess, isMoment: (line: string, count: number) => boolean): Promise<string[]> {
  const lines: string[] = []
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout! })) {
    lines.push(line)
    if (isMoment(line, lines.length)) child.kill('SIGKILL')
  }
  await exited
  return lines
}

const kept = (lines: readonly string[]): number => lines.filter((line) => line.includes('"kept"')).length
const sent = (lines: readonly string[]): number => lines.filter((line) => line.includes('"sent"')).length

test('killed again and again, it goes on each time and sends little again', async () => {
  const file = join(folder.path, 'killed')
  await writeFile(file, data)
  const journalFile = join(folder.path, 'killed-journal')
  let stored = 0
  for (const moment of [2, 4, 3]) {
    let fresh = 0
    const isMoment = (line: string): boolean => line.includes('"sent"') && ++fresh === moment
    const lines = await run(start(file, 'killed', journalFile), isMoment)
    expect(kept(lines)).toBeGreaterThanOrEqual(stored)
    stored = kept(lines) + sent(lines)
  }
  const lines = await run(start(file, 'killed', journalFile), () => false)
  const { result } = JSON.parse(lines.at(-1) ?? '{}') as { result: UploadResult }
  expect(result).toMatchObject({ sha256: sha256(data), parts, proof: 'crc32' })
  expect(result.partsKept).toBeGreaterThanOrEqual(stored)
  expect((await store.current.object('killed')).sha256).toBe(sha256(data))
  expect(await store.current.openUploads()).toBe(0)
})

test('killed around Complete, nothing is sent again', async () => {
  const file = join(folder.path, 'late')
  await writeFile(file, data)
  for (const phase of ['completing', 'verifying']) {
    const journalFile = join(folder.path, `late-${phase}`)
    const key = `late-${phase}`
    await run(start(file, key, journalFile), (line) => line.includes(phase))
    const result = await store.current.transfer({ journalFile, partSize }).upload(fromPath(file), { key })
    expect(result).toMatchObject({ partsKept: parts, sha256: sha256(data) })
  }
})

test('two processes at one key: the second is told', async () => {
  const file = join(folder.path, 'both')
  await writeFile(file, data)
  const journalFile = join(folder.path, 'both-journal')
  const child = start(file, 'both', journalFile)
  let second: unknown = null
  const transfer = store.current.transfer({ journalFile, partSize })
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.includes('"sent"') || second !== null) continue
    child.kill('SIGSTOP')
    second = await transfer.upload(fromPath(file), { key: 'both' }).then(
      () => 'stored',
      (error: unknown) => error,
    )
    child.kill('SIGCONT')
  }
  expect(second).toMatchObject({ code: 'CONFLICT', retryable: true })
  expect((await store.current.object('both')).sha256).toBe(sha256(data))
})
