import { randomFillSync } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Work } from './rivals.ts'

const MIB = 1024 * 1024
const PIECE = 16 * MIB

/** One file of random bytes, and the same in pieces of 16 MiB. */
export function makeFile(root: string, name: string, bytes: number): Omit<Work, 'scratch'> {
  const folder = join(root, name)
  const cut = join(root, `${name}-pieces`)
  for (const path of [folder, cut]) mkdirSync(path, { recursive: true })
  const path = join(folder, 'whole.bin')
  const whole = openSync(path, 'w')
  const block = Buffer.alloc(PIECE)
  const pieces: { path: string; key: string }[] = []
  for (let at = 0; at < bytes; at += PIECE) {
    const piece = randomFillSync(block).subarray(0, Math.min(PIECE, bytes - at))
    writeSync(whole, piece)
    const name = `piece-${pieces.length}.bin`
    writeWhole(join(cut, name), piece)
    pieces.push({ path: join(cut, name), key: `pieces/${name}` })
  }
  closeSync(whole)
  return { files: [{ path, key: 'file/whole.bin' }], pieces, folder, parallel: 4 }
}

/** Many small files of random bytes. */
export function makeMany(root: string, count: number, bytes: number): Omit<Work, 'scratch'> {
  const folder = join(root, 'many')
  mkdirSync(folder, { recursive: true })
  const block = Buffer.alloc(bytes)
  const files = Array.from({ length: count }, (_, index) => {
    const name = `small-${String(index).padStart(5, '0')}.bin`
    writeWhole(join(folder, name), randomFillSync(block))
    return { path: join(folder, name), key: `many/${name}` }
  })
  return { files, pieces: files, folder, parallel: 16 }
}

/** A file that takes no room on disk. */
export function makeSparse(root: string, bytes: number): Omit<Work, 'scratch'> {
  const folder = join(root, 'sparse')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'sparse.bin')
  const file = openSync(path, 'w')
  ftruncateSync(file, bytes)
  closeSync(file)
  return { files: [{ path, key: 'sparse/sparse.bin' }], pieces: [], folder, parallel: 4 }
}

function writeWhole(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w')
  writeSync(file, bytes)
  closeSync(file)
}
