import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { type Manifest, root } from './facts.ts'

/** A published package as its users get it: the tarball, and the same unpacked. */
export interface Packed {
  readonly name: string
  readonly tarball: string
  readonly folder: string
  readonly manifest: Manifest
}

/** Packs the workspace with `pnpm -r pack`, as a release does, and unpacks what is not private below `into`. */
export function packAll(into: string): Packed[] {
  // pnpm puts its own path into the environment of the scripts it runs.
  const pnpm = process.env['npm_execpath']
  if (!pnpm) throw new Error('run this through pnpm: pnpm run …')
  const tarballs = join(into, 'tarballs')
  execFileSync(process.execPath, [pnpm, '-r', 'pack', '--pack-destination', tarballs], { cwd: root, stdio: 'pipe' })
  return readdirSync(tarballs).flatMap((file) => {
    const target = join(into, 'unpacked', file.replace(/\.tgz$/, ''))
    mkdirSync(target, { recursive: true })
    const tarball = join(tarballs, file)
    execFileSync('tar', ['-xzf', tarball, '-C', target])
    const folder = join(target, 'package')
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
    return manifest.private ? [] : [{ name: manifest.name, tarball, folder, manifest }]
  })
}

/** What a user would miss or stumble over in an unpacked package, one line each. */
export function checkContents({ name, folder, manifest }: Packed): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const missing = ['LICENSE', 'README.md', 'dist/index.js', ...Object.values(manifest.bin ?? {})]
    .filter((file) => !existsSync(join(folder, file)))
    .map((file) => `${name}: no ${file}`)
  const foreign = files
    .filter((file) => /\.tsbuildinfo|\.test\./.test(file))
    .map((file) => `${name}: ${file.slice(folder.length + 1)} does not belong into a package`)
  const lost = files.filter((file) => file.endsWith('.map')).flatMap((file) => checkMap(name, folder, file))
  const linked = Object.entries(manifest.dependencies ?? {})
    .filter(([, version]) => /^(workspace|catalog|link|file):/.test(version))
    .map(([dependency, version]) => `${name}: depends on ${dependency} ${version}`)
  return [...missing, ...foreign, ...lost, ...linked]
}

function checkMap(name: string, folder: string, file: string): string[] {
  const { sources } = JSON.parse(readFileSync(file, 'utf8')) as { sources: string[] }
  return sources
    .filter((source) => !existsSync(join(dirname(file), source)))
    .map((source) => `${name}: ${file.slice(folder.length + 1)} points to ${source}, which is not packed`)
}
