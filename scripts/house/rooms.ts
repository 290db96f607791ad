import { dirname } from 'node:path/posix'
import { homeOf } from './edges.ts'
import type { Tree } from './tree.ts'

const MOST_FILES = 24
const MOST_LINES = 300
const MEDIAN_LINES = 120
const vague = /(^|\/)(utils?|helpers?|common|core|misc|types|constants|shared)(\/|\.[cm]?tsx?$)/

/** Names, sizes and what a single file may do. */
export function roomProblems(tree: Tree): string[] {
  const median = medianLines(tree)
  return [
    ...tree.files.flatMap((file) => {
      const { path } = file
      const inside = path.replace(/^packages\/[^/]+\//, '')
      const source = path.startsWith('packages/') && inside.startsWith('src/')
      return [
        ...(source && inside.split('/').length > 3 ? [`${path}: more than one folder below src`] : []),
        ...(vague.test(inside) ? [`${path}: the name says nothing of the file's job`] : []),
        ...(file.exportsAll ? [`${path}: export * hides what is public; list the names`] : []),
        ...(file.lines > MOST_LINES ? [`${path}: ${file.lines} lines, more than ${MOST_LINES}`] : []),
        ...(source && file.readsEnvironment && inside !== 'src/settings.ts'
          ? [`${path}: only settings.ts reads the environment`]
          : []),
      ]
    }),
    ...[...publishedFolders(tree)]
      .filter(([, count]) => count > MOST_FILES)
      .map(([folder, count]) => `${folder}: ${count} files, more than ${MOST_FILES}`),
    ...(median > MEDIAN_LINES ? [`half of the files have more than ${MEDIAN_LINES} lines: ${median}`] : []),
  ]
}

/** The most files that one folder of a published package has. */
export function largestFolder(tree: Tree): number {
  return Math.max(0, ...publishedFolders(tree).values())
}

/** Lines of all sources of packages. */
export function sourceLines(tree: Tree): number {
  return lengths(tree).reduce((sum, lines) => sum + lines, 0)
}

/** Of the sources of packages. */
export function medianLines(tree: Tree): number {
  const sorted = lengths(tree).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function lengths({ files }: Tree): number[] {
  return files.filter(({ path }) => /^packages\/[^/]+\/src\//.test(path)).map(({ lines }) => lines)
}

function publishedFolders({ packages, files }: Tree): Map<string, number> {
  const hidden = new Set(packages.filter(({ isPrivate }) => isPrivate).map(({ name }) => name))
  const counts = new Map<string, number>()
  for (const { path } of files) {
    if (!path.startsWith('packages/') || hidden.has(homeOf(path))) continue
    const folder = dirname(path)
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  return counts
}
