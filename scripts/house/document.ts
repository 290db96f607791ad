import type { Allowed, HouseTable } from './table.ts'

/** Rows `| [`name`](…) | sentence | may import |` of a page against the table. */
export function documentProblems(page: string, text: string, table: HouseTable): string[] {
  const rows = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, name, , allowed] = line.split('|').map((cell) => cell.trim())
    const linked = /^\[`([a-z0-9-]+)`\]\(/.exec(name ?? '')?.[1]
    if (linked !== undefined && allowed !== undefined) rows.set(linked, allowed)
  }
  const wanted = new Map(Object.entries(table).map(([name, row]) => [name, inWords(row)]))
  return [
    ...[...wanted]
      .filter(([name, words]) => sorted(rows.get(name) ?? '') !== sorted(words))
      .map(([name, words]) => `${page}: the row of ${name} has to end with “${words}”`),
    ...[...rows.keys()].filter((name) => !wanted.has(name)).map((name) => `${page}: ${name} is not in the table`),
  ]
}

/** The order of the names in a cell says nothing. */
function sorted(cell: string): string {
  const parts = cell.split(';').map((part) => part.split(',').map((name) => name.trim()))
  return parts.map((names) => names.sort().join()).join(';')
}

function inWords(row: Allowed | null): string {
  if (row === null) return 'anything'
  const { may, compose } = row
  return [may.join(', ') || 'nothing', ...(compose ? [`${compose.join(', ')} in \`compose.ts\``] : [])].join('; ')
}
