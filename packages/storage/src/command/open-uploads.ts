import type { S3Transfer } from '@sluice/backends'
import Table from 'cli-table3'
import { StorageError } from '../errors.ts'
import type { TransferPlace } from './open-bucket.ts'
import { duration, printable } from './progress-text.ts'

type Flags = Readonly<Record<string, unknown>>
type Upload = Awaited<ReturnType<S3Transfer['list']>>[number]

interface Host {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
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

/** Gives up the named ones, or all but those that are being sent; one that cannot be does not keep the others. */
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
  const aborted: Upload[] = []
  const left: Upload[] = []
  const failed: Upload[] = []
  for (const upload of uploads) {
    const name = `${where}${upload.key}`
    try {
      const isDone = await transfer.abort(upload, { ...host.context, ifIdle: keys.length === 0 })
      const list = isDone ? aborted : left
      list.push(upload)
      if (flags['json'] !== true)
        host.out(printable(isDone ? `given up: ${name}` : `left, as it is being sent: ${name}`))
    } catch (error) {
      if (host.context.signal?.aborted === true) throw error
      failed.push(upload)
      host.err(printable(`not given up: ${name}: ${error instanceof Error ? error.message : String(error)}`))
    }
  }
  if (flags['json'] === true) host.out(JSON.stringify({ where, aborted, left, failed }))
  else if (uploads.length === 0) host.out(printable(`no such unfinished uploads below ${where}`))
  return failed.length === 0 ? 0 : 2
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
