import type * as fs from 'node:fs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { fromPath } from '../../src/node/index.ts'
import { bytesOf, useFolder } from '../store.ts'

/** As network file systems may do: a read gives less than was asked for, in the middle of the file. */
const MOST = 1000
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const shortened = (file: number, into: Uint8Array, offset: number, length: number, at: number): number =>
    real.readSync(file, into, offset, Math.min(length, MOST), at)
  return { ...real, readSync: shortened }
})

const folder = useFolder()

test('a read that gives less than there is is no change of the file', async () => {
  const data = bytesOf(10_001)
  const path = join(folder.path, 'small.bin')
  writeFileSync(path, data)
  const open = await fromPath(path).open()
  const [whole, middle] = [Buffer.alloc(data.length), Buffer.alloc(5000)]
  expect(await open.read(whole)).toBe(data.length)
  await open.readAt?.(4000, middle)
  expect([whole.equals(data), middle.equals(data.subarray(4000, 9000))]).toEqual([true, true])
  await expect(open.readAt?.(6000, middle)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  await open.close()
})
