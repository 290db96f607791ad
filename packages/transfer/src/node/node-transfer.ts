import { setMaxListeners } from 'node:events'
import { createTransfer, type Transfer, type TransferOptions } from '../transfer.ts'
import { createNodeHashing } from './hashing.ts'
import { gzip } from '../upload/compress.ts'
import { createHttpSender, type HttpSender } from './http-sender.ts'
import { createSqliteJournal, type SqliteJournal } from '../journal/sqlite.ts'
import { zstd } from './zstd.ts'

export interface NodeTransferOptions extends Omit<TransferOptions, 'send' | 'hashing' | 'journal'> {
  /** Where uploads are remembered across processes; without it a failed upload is aborted. */
  readonly journalFile?: string | undefined
  /** How signed requests are sent; closed with the transfer. Default `createHttpSender()`. */
  readonly sender?: HttpSender | undefined
}

export interface NodeTransfer extends Transfer {
  /** Ends idle connections and closes the journal; running transfers must have ended. */
  close(): void
}

/** `createTransfer` with `node:http`, the hashes of Node, and a SQLite journal. @throws TransferError */
export function createNodeTransfer(options: NodeTransferOptions): NodeTransfer {
  const { journalFile, sender = createHttpSender(), ...rest } = options
  const journal: SqliteJournal | undefined = journalFile === undefined ? undefined : createSqliteJournal(journalFile)
  try {
    const transfer = createTransfer({
      compress: { gzip, zstd },
      onSignal: (signal) => setMaxListeners(0, signal),
      ...rest,
      send: sender.send,
      hashing: createNodeHashing(),
      journal,
    })
    const close = (): void => {
      sender.close()
      journal?.close()
    }
    return { ...transfer, close }
  } catch (error) {
    journal?.close()
    throw error
  }
}
