/** A row of the miner's database, as Data Universe's table `DataEntity` has it. */
export interface DataRow {
  readonly uri: string
  /** Any text; dates are stored in UTC, other text as it is. */
  readonly datetime: string
  /** Hours since 1970. */
  readonly timeBucketId: number
  /** 1 Reddit, 2 X, any other whole number: generic columns. */
  readonly source: number
  /** Null and the empty label are different. */
  readonly label: string | null
  /** Usually JSON in UTF-8; anything else is stored as it is. */
  readonly content: Uint8Array
  readonly contentSizeBytes: number
}

/** A row with its digest, ready to be ordered. */
export interface DigestedRow {
  readonly digest: Uint8Array
  readonly row: DataRow
}

/** Order of rows with one digest; with it the order in which they came does not matter. */
export function compareRows(a: DataRow, b: DataRow): number {
  return (
    compareText(a.uri, b.uri) ||
    compareText(a.datetime, b.datetime) ||
    compareText(a.label ?? '', b.label ?? '') ||
    Number(a.label !== null) - Number(b.label !== null) ||
    a.contentSizeBytes - b.contentSizeBytes ||
    Buffer.compare(a.content, b.content)
  )
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
