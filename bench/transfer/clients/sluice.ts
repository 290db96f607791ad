// Ours: as it comes, with a journal; or without any checksum.
import { join } from 'node:path'
import { createDirectSessions, createNodeTransfer, fromPath } from '@sluice/transfer/node'
import { forEachFile, readTask, timed } from './task.ts'

const task = readTask()
const { endpoint, bucket, accessKeyId, secretAccessKey, mode, files, parallel, scratch } = task
const transfer = createNodeTransfer({
  sessions: createDirectSessions({ bucket, endpoint, credentials: { accessKeyId, secretAccessKey } }),
  journalFile: join(scratch, 'journal.sqlite'),
  ...(files.length > 1 ? { concurrency: parallel } : {}),
  ...(mode === 'plain' ? { checksum: 'none', sha256: false } : {}),
})

// As `put` does: no more requests than the others, and the next files read and signed meanwhile.
const taken = { ...task, parallel: parallel * 1.5 }
await timed(() => forEachFile(taken, async ({ path, key }) => void (await transfer.upload(fromPath(path), { key }))))
transfer.close()
