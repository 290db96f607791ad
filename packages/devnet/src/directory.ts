/** The folder a devnet lives in: temporary or kept, and never used by two at once. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'

export interface OpenDirectory {
  readonly path: string
  /** Gives up the folder; a temporary one is removed. */
  close(): Promise<void>
}

const lockName = 'devnet.lock'
/** Locks of this process: after a reboot another process's stale lock may carry our own id. */
const held = new Set<string>()

/**
 * Creates and claims the folder; without a name a temporary one. The bucket and the repositories are files of one
 * process, and two writers would lose each other's.
 * @throws Error when another devnet uses it, or it cannot be written
 */
export async function openDirectory(directory: string | undefined): Promise<OpenDirectory> {
  if (directory === undefined) {
    const path = await mkdtemp(join(tmpdir(), 'sluice-devnet-'))
    return { path, close: () => rm(path, { recursive: true, force: true }) }
  }
  await mkdir(directory, { recursive: true })
  const lock = join(resolve(directory), lockName)
  const owner = await claim(lock)
  if (owner !== null) {
    const text = `${directory} is used by process ${owner}: stop it, or give another --directory`
    throw Object.assign(new Error(text), { code: 'EBUSY' })
  }
  held.add(lock)
  return {
    path: directory,
    async close() {
      if (held.delete(lock)) await rm(lock, { force: true })
    },
  }
}

/** Null when the lock is ours now, else the process that holds it. A lock of a dead process is taken over. */
async function claim(lock: string): Promise<number | null> {
  const own = `${lock}.${randomUUID()}`
  await writeFile(own, String(process.pid))
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await link(own, lock) // whole at once: nobody sees a lock without its owner
        return null
      } catch (error) {
        if (!hasCode(error, 'EEXIST') || attempt > 3) throw error
      }
      const owner = Number(await readFile(lock, 'utf8').catch(() => ''))
      if (owner === process.pid ? held.has(lock) : isAlive(owner)) return owner
      await rm(lock, { force: true })
    }
  } finally {
    await rm(own, { force: true })
  }
}

function isAlive(id: number): boolean {
  if (!Number.isSafeInteger(id) || id <= 0) return false
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM') // alive, of another user
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
