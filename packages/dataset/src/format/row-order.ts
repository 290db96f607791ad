import { DatasetError } from '../errors.ts'
import { shareOf, uriDigest } from '../keys.ts'
import type { DataRow, DigestedRow } from './row.ts'
import { compareRows } from './row.ts'
import { isWellFormed } from './unicode.ts'

/** The longest content of one row; the reader's limits leave room for it. */
const MAX_CONTENT_BYTES = 32 * 1024 * 1024

/** The partition that the rows must belong to. */
export interface PartShare {
  readonly source: number
  readonly hour: number
  readonly part: number
  readonly of: number
}

/** Checks rows as they come and brings rows of one digest into an order that does not depend on their arrival. */
export interface RowOrder {
  /** Rows that are complete now: those of the digest before. @throws DatasetError */
  push(row: DataRow): readonly DigestedRow[]
  /** The rows of the last digest. */
  end(): readonly DigestedRow[]
}

const NONE: readonly DigestedRow[] = []

/** Order and checks for one partition file. */
export function createRowOrder(share: PartShare): RowOrder {
  let run: DigestedRow[] = []

  function release(next: DigestedRow[]): readonly DigestedRow[] {
    const done = run
    run = next
    if (done.length < 2) return done
    done.sort((a, b) => compareRows(a.row, b.row))
    return done.filter((entry, at) => at === 0 || compareRows(done[at - 1]!.row, entry.row) !== 0)
  }

  return {
    push(row) {
      checkRow(row, share)
      const digest = uriDigest(row.uri)
      if (shareOf(digest, share.of) !== share.part - 1) {
        throw new DatasetError('WRONG_SHARE', `a row belongs into another share than ${share.part} of ${share.of}`)
      }
      const before = run[0]
      const order = before ? Buffer.compare(digest, before.digest) : 1
      if (order < 0) throw new DatasetError('NOT_SORTED', 'rows must be sorted by uri_digest; sort them and try again')
      if (order > 0) return release([{ digest, row }])
      run.push({ digest, row })
      return NONE
    },
    end: () => release([]),
  }
}

function checkRow(row: DataRow, share: PartShare): void {
  if (row.source !== share.source || row.timeBucketId !== share.hour) {
    throw new DatasetError(
      'BAD_ROW',
      `a row of source ${row.source} and hour ${row.timeBucketId} came for source ${share.source} and hour ${share.hour}`,
    )
  }
  if (!Number.isSafeInteger(row.contentSizeBytes)) {
    throw new DatasetError('BAD_ROW', `a row's contentSizeBytes is ${row.contentSizeBytes}, not a whole number`)
  }
  if (!isWellFormed(row.uri) || !isWellFormed(row.datetime) || !isWellFormed(row.label ?? '')) {
    throw new DatasetError('BAD_ROW', 'a URI, date or label is no Unicode text (lone surrogate)')
  }
  if (row.content.length > MAX_CONTENT_BYTES) {
    throw new DatasetError(
      'BAD_ROW',
      `a row has ${row.content.length} bytes of content, ${MAX_CONTENT_BYTES} are allowed`,
    )
  }
}
