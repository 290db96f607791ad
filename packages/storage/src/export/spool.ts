import { createHash } from 'node:crypto'
import { constants, createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { causeCode, StorageError } from '../errors.ts'

/** The folder beside the state file where exported files wait until all required copies are verified. */
export interface Spool {
  readonly directory: string
  /** Absolute path of a name. */
  path(name: string): string
  /** Name of a file that was written into the folder. */
  nameOf(path: string): string
  /** Whether the file is there with this size. */
  holds(name: string, bytes: number): Promise<boolean>
  /** Writes a stream and checks it; false when the content is not what was announced. */
  write(name: string, body: ReadableStream<Uint8Array>, want: { bytes: number; sha256: string }): Promise<boolean>
  /** Copies a file of the user under a name that another content never takes. @throws StorageError `BAD_FILE`, `NO_SPACE` */
  adopt(key: string, path: string): Promise<{ readonly name: string; readonly bytes: number; readonly sha256: string }>
  remove(name: string): Promise<void>
  /** Removes everything but the named files: leftovers of a killed process. */
  sweep(keep: ReadonlySet<string>): Promise<void>
}

/** Two contents of one key lie side by side, and `a` does not stand in the way of `a/b`. */
export const userFileName = (key: string, sha256: string): string => `${key}.${sha256.slice(0, 16)}`

export async function openSpool(directory: string): Promise<Spool> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const path = (name: string): string => join(directory, name)

  async function settle(temporary: string, final: string): Promise<void> {
    const handle = await open(temporary, 'r+')
    await handle.sync()
    await handle.close()
    await rename(temporary, final)
    const folder = await open(dirname(final), 'r') // the new name must survive a power cut too
    await folder.sync()
    await folder.close()
  }

  return {
    directory,
    path,
    nameOf: (absolute) => relative(directory, absolute),
    async holds(name, bytes) {
      const found = await stat(path(name)).catch(() => null)
      return found !== null && found.size === bytes
    },
    async write(name, body, want) {
      const temporary = `${path(name)}.part`
      await mkdir(dirname(temporary), { recursive: true })
      const sha = createHash('sha256')
      let bytes = 0
      const measure = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          bytes += chunk.length
          sha.update(chunk)
          if (bytes > want.bytes) done(new Error(`more than the ${want.bytes} bytes announced`))
          else done(null, chunk)
        },
      })
      try {
        await pipeline(Readable.fromWeb(body as never), measure, createWriteStream(temporary))
        if (bytes !== want.bytes || sha.digest('hex') !== want.sha256) return false
        await settle(temporary, path(name))
        return true
      } catch (error) {
        if (bytes > want.bytes) return false
        throw diskError(error, directory)
      } finally {
        await rm(temporary, { force: true })
      }
    },
    async adopt(key, from) {
      const temporary = path('adopted.part')
      try {
        await copyFile(from, temporary, constants.COPYFILE_FICLONE)
        const sha = createHash('sha256')
        for await (const chunk of createReadStream(temporary)) sha.update(chunk as Buffer)
        const { size } = await stat(temporary)
        const sha256 = sha.digest('hex')
        const name = userFileName(key, sha256)
        await mkdir(dirname(path(name)), { recursive: true })
        await settle(temporary, path(name))
        return { name, bytes: size, sha256 }
      } catch (error) {
        const known = diskError(error, directory)
        if (StorageError.is(known)) throw known
        throw new StorageError('BAD_FILE', `cannot read ${from}: ${(error as Error).message}`, { cause: error })
      } finally {
        await rm(temporary, { force: true })
      }
    },
    remove: (name) => rm(path(name), { force: true }),
    async sweep(keep) {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true })
      for (const entry of entries) {
        const file = join(entry.parentPath, entry.name)
        if (entry.isFile() && !keep.has(relative(directory, file))) await rm(file, { force: true })
      }
    },
  }
}

/** A full disk as a `StorageError`, anything else unchanged. */
export function diskError(error: unknown, directory: string): unknown {
  if (causeCode(error, ['ENOSPC', 'EDQUOT', 'EFBIG', 'NO_SPACE']) === null) return error
  const text = `the disk of ${directory} is full; free space and run again, nothing was lost`
  return new StorageError('NO_SPACE', text, { retryable: true, cause: error })
}
