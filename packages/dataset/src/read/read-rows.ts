import { openPart } from './read-part.ts'
import type { ByteReader, ReadOptions } from './read-part.ts'

/**
 * All rows of a file in their order, one row group in memory at a time. `columns` defaults to `all`.
 * @throws DatasetError `CORRUPT_PARQUET`, `SHORT_READ`, `ABORTED`; whatever the reader throws
 */
export async function* readRows(
  reader: ByteReader,
  options: ReadOptions = {},
): AsyncGenerator<Record<string, unknown>, void, undefined> {
  const part = await openPart(reader, options)
  for (const group of part.footer.groups) {
    const decode = await part.fetchGroup(group)
    const columns = part.selected.map((at) => [part.footer.columns[at]!.name, decode(at)] as const)
    for (let row = 0; row < group.rows; row += 1) {
      const record: Record<string, unknown> = {}
      for (const [name, values] of columns) record[name] = values[row]
      yield record
    }
  }
}
