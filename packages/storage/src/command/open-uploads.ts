import { CommandError, type Context } from '@sluice/command-line'
import type { ListedUpload } from '@sluice/transfer'
import type { AbortFlags } from './file-flags.ts'
import type { TransferPlace } from './open-bucket.ts'
import { duration } from './progress-text.ts'

/** What is open below the miner's prefix, of the server and of the journal. */
export async function listUploads({ transfer, where }: TransferPlace, { terminal, signal }: Context): Promise<void> {
  const uploads = await transfer.list('', { signal })
  terminal.object({ where, uploads })
  if (uploads.length === 0) return terminal.line(`no unfinished uploads below ${where}`)
  const rows = uploads.map(({ key, initiatedAt, source, onServer }) => {
    const age = duration(Math.max(0, Date.now() - initiatedAt) / 1000)
    const from = source ?? 'another program'
    return [key, new Date(initiatedAt).toISOString(), age, onServer ? from : `${from} (gone on the server)`]
  })
  terminal.table(['key', 'started', 'age', 'from'], rows)
}

/** Gives up the named ones, or all but those that are being sent; one that cannot be does not keep the others. */
export async function abortUploads(
  { transfer, where }: TransferPlace,
  { keys, all, olderThan = 0 }: AbortFlags,
  { terminal, signal }: Context,
): Promise<'done' | 'unfinished'> {
  if (keys.length === 0 && !all) throw new CommandError('USAGE', 'name keys, or give --all')
  const limit = Date.now() - olderThan * 3_600_000
  const open = await transfer.list('', { signal })
  // As `list` shows them, else as `put` takes them.
  const wanted = new Set(keys.map((name) => (open.some(({ key }) => key === name) ? name : `files/${name}`)))
  const uploads = open.filter(({ key, initiatedAt }) => (keys.length === 0 || wanted.has(key)) && initiatedAt <= limit)
  const aborted: ListedUpload[] = []
  const left: ListedUpload[] = []
  const failed: ListedUpload[] = []
  for (const upload of uploads) {
    const name = `${where}${upload.key}`
    try {
      const isDone = await transfer.abort(upload, { signal, ifIdle: keys.length === 0 })
      const list = isDone ? aborted : left
      list.push(upload)
      terminal.line(isDone ? `given up: ${name}` : `left, as it is being sent: ${name}`)
    } catch (error) {
      if (signal.aborted) throw error
      failed.push(upload)
      terminal.warn(`not given up: ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  terminal.object({ where, aborted, left, failed })
  if (uploads.length === 0) terminal.line(`no such unfinished uploads below ${where}`)
  return failed.length === 0 ? 'done' : 'unfinished'
}
