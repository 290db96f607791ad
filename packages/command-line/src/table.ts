import { stripVTControlCharacters } from 'node:util'
import CliTable from 'cli-table3'
import { printable } from './printable.ts'

type Row = readonly string[]

const widest = (cells: readonly string[]): number => Math.max(...cells.map((cell) => cell.length))

/**
 * Rows as a table: with lines, else without, else with cells wrapped between words; a list when none of them fits. Every
 * cell is made printable.
 * @param width columns of the terminal
 */
export function table(head: Row, rows: readonly Row[], width: number, bold = (text: string): string => text): string {
  const safe = rows.map((row) => row.map(printable))
  const columns = head.map((name, at) => [name, ...safe.map((row) => row[at] ?? '')])
  const natural = columns.map(widest)
  // A cell may be broken between words only: half a hotkey or URL is of no use.
  const least = columns.map((cells) => widest(cells.flatMap((cell) => cell.split(' '))))
  const room = width - 2 * (head.length - 1)
  const tries = [
    () => draw(head, safe, bold, natural, ruled),
    () => draw(head, safe, bold, natural, bare),
    () => (sum(least) > room ? null : draw(head, safe, bold, shared(least, natural, room), bare)),
  ]
  for (const attempt of tries) {
    const drawn = attempt()
    // The library cuts what it cannot wrap, and marks it.
    if (drawn === null || marks(drawn) > marks(safe.flat().join())) continue
    if (drawn.split('\n').every((line) => stripVTControlCharacters(line).trimEnd().length <= width)) return drawn
  }
  return list(head, safe)
}

interface Style {
  readonly chars: Readonly<Record<string, string>>
  readonly padding: number
}

// No rule between rows: a subnet has up to 256 of them.
const unruled = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }
const ruled: Style = { chars: unruled, padding: 1 }
const edges = ['top', 'bottom'].flatMap((edge) => ['', '-mid', '-left', '-right'].map((part) => [`${edge}${part}`, '']))
const bare: Style = {
  chars: { ...Object.fromEntries(edges), ...unruled, left: '', right: '', middle: '  ' },
  padding: 0,
}

/** What is left of the room goes to the columns that lack most. */
function shared(least: readonly number[], natural: readonly number[], room: number): readonly number[] {
  const widths = [...least]
  for (let left = room - sum(least); left > 0; left--) {
    const lacks = widths.map((width, at) => (natural[at] ?? 0) - width)
    const most = Math.max(...lacks)
    if (most <= 0) break
    const at = lacks.indexOf(most)
    widths[at] = (widths[at] ?? 0) + 1
  }
  return widths
}

function draw(
  head: Row,
  rows: readonly Row[],
  bold: (text: string) => string,
  widths: readonly number[],
  { chars, padding }: Style,
): string {
  const drawn = new CliTable({
    head: head.map(bold),
    colWidths: widths.map((width) => width + 2 * padding),
    wordWrap: true,
    style: { head: [], border: [], 'padding-left': padding, 'padding-right': padding },
    chars: rows.length > 0 || padding === 0 ? chars : {},
  })
  drawn.push(...rows.map((row) => [...row]))
  return drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

function list(head: Row, rows: readonly Row[]): string {
  const width = widest(head)
  const block = (row: Row): string => head.map((name, at) => `${name.padEnd(width)}  ${row[at] ?? ''}`).join('\n')
  return rows.map(block).join('\n\n')
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const marks = (text: string): number => text.split('…').length
