// What every published package.json says alike. The root's package.json is the one place that states it.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export type Manifest = Readonly<Record<string, unknown>> & {
  readonly name: string
  readonly private?: boolean
  readonly keywords?: readonly string[]
  readonly bin?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly dependencies?: Readonly<Record<string, string>>
}

/** The folders below `packages`, with what their package.json says. */
export function workspacePackages(): { folder: string; manifest: Manifest }[] {
  return readdirSync(join(root, 'packages')).map((name) => {
    const folder = `packages/${name}`
    return { folder, manifest: readManifest(folder) }
  })
}

/** What the package.json of `folder` has to say; a private one only has to build before it is packed. */
function expectedFacts(folder: string, { private: hidden, bin, files = [] }: Manifest): Record<string, unknown> {
  const prepack = { scripts: { prepack: 'tsx ../../scripts/prepack.ts' } }
  if (hidden) return prepack
  const whole = readManifest('.') as Manifest & { repository: { type: string; url: string } }
  const address = whole.repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  const packed = [...(bin ? ['bin'] : []), 'dist', '!dist/.tsbuildinfo*', 'src']
  return {
    ...prepack,
    files: [...packed, ...files.filter((file) => !packed.includes(file) && !file.startsWith('!'))],
    license: whole['license'],
    engines: whole['engines'],
    repository: { ...whole.repository, directory: folder },
    homepage: `${address}/tree/main/${folder}#readme`,
    bugs: `${address}/issues`,
    publishConfig: { access: 'public' },
  }
}

/** What is wrong with a package.json, one line each. With `write` it is set right where no thought is needed. */
export function checkFacts(folder: string, manifest: Manifest, write: boolean): string[] {
  const facts = expectedFacts(folder, manifest)
  const wrong = Object.keys(facts).filter((key) => JSON.stringify(manifest[key]) !== JSON.stringify(facts[key]))
  if (write && wrong.length > 0) {
    writeFileSync(join(root, folder, 'package.json'), `${JSON.stringify({ ...manifest, ...facts }, null, 2)}\n`)
  }
  const problems = write
    ? []
    : wrong.map((key) => `${folder}/package.json: ${key} is not ${JSON.stringify(facts[key])}`)
  if (manifest.private) return problems
  const common = readManifest('.').keywords ?? []
  const own = (manifest.keywords ?? []).filter((keyword) => !common.includes(keyword))
  if (own.length === 0 || common.some((keyword) => !manifest.keywords?.includes(keyword))) {
    problems.push(`${folder}/package.json: keywords need ${common.join(', ')} and at least one of its own`)
  }
  return problems
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
}
