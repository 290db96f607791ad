import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { documentProblems } from './document.ts'
import { edgeProblems, ringProblems } from './edges.ts'
import { largestFolder, medianLines, roomProblems, sourceLines } from './rooms.ts'
import type { HouseTable } from './table.ts'
import { readTree } from './tree.ts'

export interface House {
  /** One line each; none when the tree keeps to the rules. */
  readonly problems: readonly string[]
  readonly packages: number
  /** Of files and of packages. */
  readonly rings: number
  /** The most files in a folder of a published package. */
  readonly largestFolder: number
  /** Of the sources of all packages. */
  readonly lines: number
  readonly medianLines: number
}

/** @throws Error when a file cannot be read or parsed */
export function checkHouse(root: string, table: HouseTable): House {
  const tree = readTree(root)
  const page = 'docs/architecture.md'
  const rings = ringProblems(tree)
  return {
    problems: [
      ...edgeProblems(tree, table),
      ...rings,
      ...roomProblems(tree),
      ...documentProblems(page, readFileSync(join(root, page), 'utf8'), table),
    ],
    packages: tree.packages.length,
    rings: rings.length,
    largestFolder: largestFolder(tree),
    lines: sourceLines(tree),
    medianLines: medianLines(tree),
  }
}
