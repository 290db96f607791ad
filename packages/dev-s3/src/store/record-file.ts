import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { z } from 'zod'

/** Null when the file is absent. @throws when it is there but not what this server writes */
export async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw cause
  }
  return schema.parse(JSON.parse(text))
}

/** Written beside and renamed, so that a reader sees the old or the new record and never a half. */
export async function writeRecord(path: string, record: unknown, incoming: string): Promise<void> {
  const temporary = join(incoming, randomUUID())
  await writeFile(temporary, JSON.stringify(record))
  await rename(temporary, path)
}
