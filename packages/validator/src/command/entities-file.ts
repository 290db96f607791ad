import { readFile, stat } from 'node:fs/promises'
import type { Entity } from '../check/entity.ts'
import { ValidatorError } from '../errors.ts'

const maxFileBytes = 64 * 1024 ** 2

/**
 * Reads entities from a file: JSON lines, or CSV (RFC 4180) with a header. Fields: `uri`, and optionally `source`,
 * `timeBucketId` (or `time_bucket_id`), `datetime`. The values are checked later, with everything else.
 * @throws ValidatorError BAD_INPUT
 */
export async function readEntitiesFile(path: string): Promise<readonly Entity[]> {
  const text = await read(path)
  const lines = text.split(/\r?\n/)
  if (
    lines
      .find((line) => line.trim() !== '')
      ?.trimStart()
      .startsWith('{') === true
  ) {
    return lines.flatMap((line, at) => (line.trim() === '' ? [] : [fromJson(line, path, at + 1)]))
  }
  return fromCsv(text, path)
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > maxFileBytes)
      throw new ValidatorError('BAD_INPUT', `${path} has more than ${maxFileBytes} bytes; split it.`)
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
  } catch (error) {
    if (ValidatorError.is(error)) throw error
    throw new ValidatorError(
      'BAD_INPUT',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      error,
    )
  }
}

function fromJson(line: string, path: string, number: number): Entity {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new ValidatorError('BAD_INPUT', `${path}, line ${number} is no JSON.`, error)
  }
  if (typeof value !== 'object' || value === null)
    throw new ValidatorError('BAD_INPUT', `${path}, line ${number} is no object.`)
  return entityOf(value as Record<string, unknown>)
}

function fromCsv(text: string, path: string): readonly Entity[] {
  const [header = [], ...rows] = parseCsv(text, path)
  const names = header.map((name) => name.trim())
  if (!names.includes('uri')) throw new ValidatorError('BAD_INPUT', `${path} has no column "uri" in its first line.`)
  return rows.map((row) => {
    const fields = names.flatMap((name, at) =>
      row[at] === undefined || row[at] === '' ? [] : [[name, row[at]] as const],
    )
    const { source, timeBucketId, time_bucket_id, ...rest } = Object.fromEntries(fields) as Record<string, string>
    return entityOf({ ...rest, source: numeric(source), timeBucketId: numeric(timeBucketId ?? time_bucket_id) })
  })
}

function entityOf(value: Record<string, unknown>): Entity {
  const { uri, source, datetime, timeBucketId, time_bucket_id } = value
  const entity = { uri, source, datetime, timeBucketId: timeBucketId ?? time_bucket_id }
  const given = Object.entries(entity).filter(([, field]) => field !== undefined && field !== null)
  return Object.fromEntries(given) as unknown as Entity
}

function numeric(text: string | undefined): string | number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : text
}

function parseCsv(text: string, path: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/y
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text)
    if (match === null)
      throw new ValidatorError('BAD_INPUT', `${path} is no CSV after row ${rows.length + 1}: check its quotes.`)
    const [, raw = '', end] = match
    row.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw)
    if (end === ',') {
      if (cell.lastIndex === text.length) row.push('')
      else continue
    }
    if (row.some((value) => value !== '')) rows.push(row)
    row = []
  }
  return rows
}
