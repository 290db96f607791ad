import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path/posix'
import { readSource, type SourceFile } from './source-file.ts'

export interface Package {
  /** Its folder below `packages`. */
  readonly name: string
  readonly isPrivate: boolean
  /** Packages of ours that it needs, by folder name. */
  readonly dependencies: readonly string[]
  readonly devDependencies: readonly string[]
  /** Folder names in the project references of its tsconfig.json. */
  readonly references: readonly string[]
}

export interface Tree {
  readonly packages: readonly Package[]
  /** Every TypeScript file of the repository that is not built or installed. */
  readonly files: readonly SourceFile[]
  /** The file that a specifier of ours means, from the root; null for packages of others and Node's modules. */
  resolve(from: string, specifier: string): string | null
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

const SCOPE = '@sluice/'

/** @throws Error when a manifest or a source file cannot be read */
export function readTree(root: string): Tree {
  const entries = new Map<string, string>()
  const packages = readdirSync(join(root, 'packages')).map((name): Package => {
    const folder = `packages/${name}`
    const manifest = readJson(root, `${folder}/package.json`) as Manifest
    for (const [entry, conditions] of Object.entries(manifest.exports ?? {})) {
      const source = conditions[`${SCOPE}source`]
      if (source !== undefined) entries.set(join(manifest.name, entry), join(folder, source))
    }
    const project = readJson(root, `${folder}/tsconfig.json`) as { references?: readonly { path: string }[] }
    return {
      name,
      isPrivate: manifest.private === true,
      dependencies: ours(manifest.dependencies),
      devDependencies: ours(manifest.devDependencies),
      references: (project.references ?? []).map(({ path }) => path.replace('../', '')).sort(),
    }
  })
  const files = sourcesBelow(root, '').map((path) => readSource(root, path))
  const known = new Set(files.map(({ path }) => path))
  return {
    packages,
    files,
    resolve: (from, specifier) => {
      const file = specifier.startsWith('.') ? join(from, '..', specifier) : entries.get(specifier)
      return file !== undefined && known.has(file) ? file : null
    },
  }
}

function ours(dependencies: Readonly<Record<string, string>> = {}): string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith(SCOPE))
    .map((name) => name.slice(SCOPE.length))
    .sort()
}

function readJson(root: string, path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

function sourcesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return /^(\..*|node_modules|dist|coverage)$/.test(entry.name) ? [] : sourcesBelow(root, path)
    return /\.[cm]?tsx?$/.test(entry.name) ? [path] : []
  })
}
