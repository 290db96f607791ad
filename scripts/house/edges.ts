import { dirname } from 'node:path/posix'
import { ringsOf } from './rings.ts'
import type { HouseTable } from './table.ts'
import type { Package, Tree } from './tree.ts'

/** The package that a file belongs to, or its top folder: `scripts`, `bench`, `test` … */
export function homeOf(path: string): string {
  const [top = '', name = ''] = path.split('/')
  return top === 'packages' ? name : top
}

/** Imports, project references and manifests against the table. */
export function edgeProblems(tree: Tree, table: HouseTable): string[] {
  const names = tree.packages.map(({ name }) => name)
  const rows = Object.entries(table).flatMap(([name, row]) => [name, ...(row?.may ?? []), ...(row?.compose ?? [])])
  const gone = new Set(rows.filter((name) => !names.includes(name)))
  return [
    ...[...gone].map((name) => `the table names ${name}, which is no package`),
    ...tree.packages.flatMap((one) => manifestProblems(one, table)),
    ...tree.files.flatMap(({ path, imports }) =>
      imports.flatMap((specifier) => importProblem(tree, table, path, specifier)),
    ),
  ]
}

function manifestProblems({ name, dependencies, references }: Package, table: HouseTable): string[] {
  const row = table[name]
  if (row === undefined) return [`packages/${name} is not in the table of scripts/house/table.ts`]
  const problems = dependencies
    .filter((other) => row !== null && !row.may.includes(other) && !row.compose?.includes(other))
    .map((other) => `packages/${name}: package.json must not depend on ${other}`)
  if (references.join() !== dependencies.join()) {
    problems.push(
      `packages/${name}: tsconfig references [${references.join()}], package.json needs [${dependencies.join()}]`,
    )
  }
  return problems
}

function importProblem(tree: Tree, table: HouseTable, path: string, specifier: string): string[] {
  const source = /^packages\/([^/]+)\/src\//.exec(path)
  if (source === null) return []
  const [folder, name = ''] = source
  if (specifier.startsWith('.')) {
    const target = `${dirname(path)}/${specifier}`
    const file = tree.resolve(path, specifier)
    return file === null || file.startsWith(folder) ? [] : [`${path}: imports ${target}, outside its own src`]
  }
  const wanted = /^@sluice\/([^/]+)/.exec(specifier)?.[1]
  const row = table[name]
  if (wanted === undefined || row === null || row === undefined || row.may.includes(wanted)) return []
  if (!row.compose?.includes(wanted)) return [`${path}: ${name} must not import ${wanted}`]
  return path === `${folder}compose.ts` ? [] : [`${path}: only compose.ts of ${name} may import ${wanted}`]
}

/** Circles of files, types included, and of packages, tests and dev dependencies included. */
export function ringProblems(tree: Tree): string[] {
  const files = new Map(
    tree.files.map(({ path, imports }) => {
      const targets = imports.map((specifier) => tree.resolve(path, specifier)).filter((file) => file !== null)
      return [path, new Set(targets)] as const
    }),
  )
  const homes = new Map<string, Set<string>>(tree.files.map(({ path }) => [homeOf(path), new Set()]))
  for (const [path, targets] of files) for (const target of targets) homes.get(homeOf(path))?.add(homeOf(target))
  for (const { name, dependencies, devDependencies } of tree.packages) {
    for (const other of [...dependencies, ...devDependencies]) homes.get(name)?.add(other)
  }
  return [
    ...ringsOf(files).map((ring) => `ring of files: ${ring.sort().join(', ')}`),
    ...ringsOf(homes).map((ring) => `ring of packages: ${ring.sort().join(', ')}`),
  ]
}
