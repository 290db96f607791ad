import type { S3Transfer } from '@sluice/backends'
import Table from 'cli-table3'
import { StorageError } from './errors.ts'
import type { TransferPlace } from './transfer-place.ts'
import { duration, printable } from './transfer-text.ts'

type Flags = Readonly<Record<string, unknown>>
type Upload = Awaited<ReturnType<S3Transfer['list']>>[number]

interface Host {
  readonly out: (line: string) => void
  readonly context: { readonly signal?: AbortSignal | undefined }
}

/** What is open below the miner's prefix, of the server and of the journal. */
export async function listUploads({ transfer, where }: TransferPlace, flags: Flags, host: Host): Promise<number> {
  const uploads = await transfer.list('', host.context)
  if (flags['json'] === true) host.out(JSON.stringify({ where, uploads }))
  else if (uploads.length === 0) host.out(printable(`no unfinished uploads below ${where}`))
  else host.out(tableOf(uploads))
  return 0
}

/** Gives up the named ones, or all. */
export async function abortUploads(
  { transfer, where }: TransferPlace,
  keys: readonly string[],
  flags: Flags,
  host: Host,
): Promise<number> {
  if (keys.length === 0 && flags['all'] !== true) throw new StorageError('BAD_SETTINGS', 'name keys, or give --all')
  const hours = flags['olderThan'] === undefined ? 0 : Number(flags['olderThan'])
  if (!(hours >= 0)) throw new StorageError('BAD_SETTINGS', '--older-than must be a number of hours')
  const limit = Date.now() - hours * 3_600_000
  const open = await transfer.list('', host.context)
  // As `list` shows them, else as `put` takes them.
  const wanted = new Set(keys.map((name) => (open.some(({ key }) => key === name) ? name : `files/${name}`)))
  const uploads = open.filter(({ key, initiatedAt }) => (keys.length === 0 || wanted.has(key)) && initiatedAt <= limit)
  for (const upload of uploads) {
    await transfer.abort(upload, host.context)
    if (flags['json'] !== true) host.out(printable(`given up: ${where}${upload.key}`))
  }
  if (flags['json'] === true) host.out(JSON.stringify({ where, aborted: uploads }))
  else if (uploads.length === 0) host.out(printable(`no such unfinished uploads below ${where}`))
  return 0
}

function tableOf(uploads: readonly Upload[]): string {
  const table = new Table({ head: ['key', 'started', 'age', 'from'], style: { head: [], border: [] } })
  for (const { key, initiatedAt, source, onServer } of uploads) {
    const age = duration(Math.max(0, Date.now() - initiatedAt) / 1000)
    const from = source ?? 'another program'
    const cells = [key, new Date(initiatedAt).toISOString(), age, onServer ? from : `${from} (gone on the server)`]
    table.push(cells.map(printable))
  }
  return table.toString()
}
