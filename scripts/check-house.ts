// pnpm check:house [--json]: fails when the tree breaks a rule of docs/architecture.md: an import that is not in the
// table, a ring, a folder or a file that has grown too large, a name that says nothing.
import { fileURLToPath } from 'node:url'
import { readFlags } from './flags.ts'
import { checkHouse } from './house/check.ts'
import { table } from './house/table.ts'

const { json } = readFlags('pnpm check:house [--json]', { json: { type: 'boolean', default: false } })

const house = checkHouse(fileURLToPath(new URL('..', import.meta.url)), table)
for (const problem of house.problems) console.error(problem)
if (house.problems.length > 0) process.exitCode = 1
const { packages, rings, largestFolder, lines, medianLines } = house
console.log(
  json
    ? JSON.stringify({ rings, largest_folder: largestFolder, lines })
    : `house: ${packages} packages, ${rings} rings, at most ${largestFolder} files in a folder, ` +
        `${lines} lines, half of the files up to ${medianLines}`,
)
