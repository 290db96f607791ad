// Writes real records of this machine as a Data Universe database: something to upload when you have none of your own.
import { fileURLToPath } from 'node:url'
import { addRows, rowsFromRecords } from './demo/databases.ts'
import { realRecords } from './demo/records.ts'

const path = process.argv[2]
if (!path || path.startsWith('-')) {
  console.error(
    'usage: pnpm records FILE\nWrites public texts of this machine into FILE, a Data Universe SQLite database.',
  )
  process.exitCode = 2
} else {
  const { records, from } = realRecords(fileURLToPath(new URL('..', import.meta.url)))
  const rows = rowsFromRecords(records, new Date())
  addRows(path, rows)
  console.log(`${rows.length} rows from ${from} in ${path}`)
}
