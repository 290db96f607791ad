import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { isSafePath } from '@sluice/dataset'
import { messageOf, StorageError } from '../errors.ts'

/** A file to be stored, and where. */
export interface PlannedFile {
  readonly path: string
  /** Relative to the miner's root: `files/…`. */
  readonly key: string
  readonly bytes: number
}

/** The key below the miner's root. @throws StorageError `BAD_FILE` */
export function fullKey(key: string): string {
  const full = key.startsWith('files/') ? key : `files/${key}`
  if (isSafePath(full)) return full
  const text = `the key ${JSON.stringify(key)} is not allowed: use letters, digits and . _ = - with single slashes`
  throw new StorageError('BAD_FILE', text)
}

/**
 * Looks at every file before anything is sent.
 * @param names `key` for a single file, `prefix` for the folder of all of them
 * @throws StorageError `BAD_FILE`, `BAD_SETTINGS`
 */
export async function planFiles(
  paths: readonly string[],
  names: { readonly key?: string | undefined; readonly prefix?: string | undefined },
): Promise<readonly PlannedFile[]> {
  if (names.key !== undefined && paths.length > 1) {
    throw new StorageError('BAD_SETTINGS', '--key names one file; use --prefix for several')
  }
  const prefix = names.prefix === undefined ? '' : `${names.prefix.replace(/\/+$/, '')}/`
  const planned: PlannedFile[] = []
  const taken = new Map<string, string>()
  for (const path of paths) {
    const key = fullKey(names.key ?? `${prefix}${basename(path)}`)
    const other = taken.get(key)
    if (other !== undefined) {
      throw new StorageError('BAD_FILE', `${other} and ${path} would both be stored as ${key}; send one with --key`)
    }
    taken.set(key, path)
    planned.push({ path, key, bytes: await sizeOf(path) })
  }
  return planned
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    if (found.isFile()) return found.size
  } catch (cause) {
    throw new StorageError('BAD_FILE', `cannot read ${path}: ${messageOf(cause)}`, { cause })
  }
  throw new StorageError('BAD_FILE', `${path} is no regular file`)
}
