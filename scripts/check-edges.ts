// Fails the build when a package imports what docs/architecture.md does not allow, or when the project
// references of its tsconfig.json say anything else than its dependencies.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** package → packages that its `src` may import. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  rollout: [],
  signing: [],
  presign: [],
  sqlite: [],
  http: [],
  dataset: [],
  chain: ['rollout'],
  transfer: ['presign', 'sqlite'],
  'gateway-api': ['signing', 'transfer'],
  backends: ['signing', 'transfer', 'gateway-api'],
  storage: ['rollout', 'sqlite', 'dataset', 'backends', 'chain', 'command-line'],
  validator: ['rollout', 'dataset', 'backends', 'chain', 'command-line'],
  gateway: ['gateway-api', 'signing', 'presign', 'sqlite', 'chain', 'command-line'],
  'command-line': [],
  'config-cli': ['rollout', 'chain', 'command-line'],
  'dev-faults': [],
  'dev-chain': [],
  'dev-s3': ['dev-faults'],
  'dev-hub': [],
  devnet: [
    'dev-faults',
    'dev-chain',
    'dev-s3',
    'dev-hub',
    'rollout',
    'sqlite',
    'dataset',
    'chain',
    'transfer',
    'gateway-api',
    'backends',
    'storage',
    'validator',
    'command-line',
    'config-cli',
    'signing',
    'gateway',
  ],
}
/** package → its dependency that only `compose.ts` may import. */
const composeOnly: Readonly<Record<string, string>> = { storage: 'chain', validator: 'chain', gateway: 'chain' }
const vague = /(^|\/)(utils?|helpers?|common|core|misc|types|constants|shared)(\/|\.ts$)/
const importPattern = /(?:from\s+|import\s*\(\s*|import\s+)['"](?:(@sluice\/[a-z0-9-]+)(?:\/[a-z-]+)*|(\.[^'"]*))['"]/g

const problems: string[] = []
const packages = readdirSync(join(root, 'packages'))

for (const name of packages) {
  const may = allowed[name]
  if (!may) {
    problems.push(`packages/${name} is not in the table of scripts/check-edges.ts`)
    continue
  }
  checkReferences(name)
  for (const file of sourcesOf(name)) checkFile(name, file, may)
}

if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exitCode = 1
} else {
  console.log(`import edges: ${packages.length} packages keep to the table`)
}

function sourcesOf(name: string): string[] {
  return readdirSync(join(root, 'packages', name, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function checkFile(name: string, file: string, may: readonly string[]): void {
  const shown = relative(root, file).split(sep).join('/')
  const inside = shown.slice(`packages/${name}/src/`.length)
  if (inside.split('/').length > 2) problems.push(`${shown}: more than one folder below src`)
  if (vague.test(inside)) problems.push(`${shown}: the name says nothing of the file's job`)
  const text = readFileSync(file, 'utf8')
  if (/^export \*/m.test(text)) problems.push(`${shown}: export * hides what is public; list the names`)
  for (const [, scoped, beside] of text.matchAll(importPattern)) {
    if (beside !== undefined && !join(file, '..', beside).startsWith(join(root, 'packages', name, 'src'))) {
      problems.push(`${shown}: imports ${beside}, outside its own src`)
    }
    if (scoped === undefined) continue
    const wanted = scoped.slice('@sluice/'.length)
    if (!may.includes(wanted)) problems.push(`${shown}: ${name} must not import ${wanted}`)
    else if (composeOnly[name] === wanted && inside !== 'compose.ts') {
      problems.push(`${shown}: only compose.ts of ${name} may import ${wanted}`)
    }
  }
}

function checkReferences(name: string): void {
  const folder = join(root, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  const project = JSON.parse(readFileSync(join(folder, 'tsconfig.json'), 'utf8')) as {
    references?: { path: string }[]
  }
  const needed = Object.keys(manifest.dependencies ?? {})
    .filter((dependency) => dependency.startsWith('@sluice/'))
    .map((dependency) => dependency.slice('@sluice/'.length))
    .sort()
  const referenced = (project.references ?? []).map(({ path }) => path.replace('../', '')).sort()
  if (needed.join() !== referenced.join()) {
    problems.push(`packages/${name}: tsconfig references [${referenced.join()}], package.json needs [${needed.join()}]`)
  }
  for (const other of needed) {
    if (!allowed[name]?.includes(other)) problems.push(`packages/${name}: package.json must not depend on ${other}`)
  }
}
