import { open } from 'node:fs/promises'
import { type ByteReader, readRows, sourceName } from '@sluice/dataset'
import { throwIfAborted } from '../errors.ts'
import type { OutboxFile } from '../outbox/files.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { Cycle } from './cycle-targets.ts'
import { knownNames } from './target.ts'
import type { Spool } from '../export/spool.ts'

/**
 * URI digests (hex) of all rows that the live files of a partition hold: as remembered, else read from the spool or by
 * ranges from a backend with a verified copy. With them a row that comes late into an hour which the database is pruning
 * is told from one that is stored already.
 * @throws BackendError, DatasetError; Error when no copy can be read at present
 */
export async function storedDigests(
  { outbox, spool }: { readonly outbox: Outbox; readonly spool: Spool },
  cycle: Cycle,
  partition: { readonly source: number; readonly hour: number },
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const source = sourceName(partition.source)
  const remembered = outbox.digests.get({ source, hour: partition.hour })
  if (remembered !== null) return remembered
  const digests = new Set<string>()
  const live = outbox.files.ofPartition({ source, hour: partition.hour }).filter((file) => file.live)
  for (const file of live) {
    const reader = (await localReader(spool, file)) ?? (await remoteReader(outbox, cycle, file, signal))
    for await (const { uri_digest: digest } of readRows(reader, { columns: [], ...(signal ? { signal } : {}) })) {
      digests.add(Buffer.from(digest as Uint8Array).toString('hex'))
    }
    throwIfAborted(signal)
  }
  return digests
}

async function localReader(spool: Spool, { path, bytes }: OutboxFile): Promise<ByteReader | null> {
  if (path === null || !(await spool.holds(path, bytes))) return null
  return {
    bytes,
    async read(start, end) {
      const handle = await open(spool.path(path), 'r')
      try {
        const { bytesRead, buffer } = await handle.read(new Uint8Array(end - start), 0, end - start, start)
        return buffer.subarray(0, bytesRead)
      } finally {
        await handle.close()
      }
    },
  }
}

async function remoteReader(outbox: Outbox, cycle: Cycle, file: OutboxFile, signal?: AbortSignal): Promise<ByteReader> {
  const call = signal === undefined ? {} : { signal }
  for (const name of knownNames(outbox)) {
    if (!outbox.jobs.isVerified(file.id, name)) continue
    await cycle.prepare(name, signal)
    const target = cycle.ready(name)
    // A copy that the backend turns out to have lost is no copy; reconcile may have found that just now.
    if (target === null || !outbox.jobs.isVerified(file.id, name)) continue
    return {
      bytes: file.bytes,
      async read(start, end) {
        const opened = await target.backend.open(file.key, { start, end: end - 1 }, call)
        if (opened === null) {
          outbox.jobs.remove(file.id, name)
          throw unreadable(file)
        }
        const chunks: Uint8Array[] = []
        for await (const chunk of opened.body as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk)
        return Buffer.concat(chunks)
      },
    }
  }
  throw unreadable(file)
}

function unreadable({ key }: OutboxFile): Error {
  return new Error(`${key} cannot be read at present to see which rows are new; it is looked at again next time`)
}
