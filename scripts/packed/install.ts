import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { Packed } from './pack.ts'

/** One package folder that an installation made. A package that is there twice has two. */
export interface InstalledPackage {
  readonly name: string
  /** On the disk, without the packages inside its own `node_modules`. */
  readonly bytes: number
}

/** Installs the tarballs with plain npm into an empty project, as somebody without pnpm and this workspace does. */
export function installAll(project: string, packages: readonly Packed[]): InstalledPackage[] {
  mkdirSync(project, { recursive: true })
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }))
  // What pnpm puts into the environment of its scripts must not steer npm.
  const environment = Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|node_path$)/i.test(name))
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...packages.map(({ tarball }) => tarball)], {
    cwd: project,
    env: Object.fromEntries(environment),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return packagesIn(join(project, 'node_modules'))
}

function packagesIn(modules: string): InstalledPackage[] {
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  )
  return names
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => {
      const inside: InstalledPackage[] = []
      return [{ name, bytes: sizeOf(join(modules, name), inside) }, ...inside]
    })
}

function sizeOf(path: string, inside: InstalledPackage[]): number {
  const stat = lstatSync(path)
  if (!stat.isDirectory()) return stat.blocks * 512
  let bytes = 0
  for (const name of readdirSync(path)) {
    if (name === 'node_modules') inside.push(...packagesIn(join(path, name)))
    else bytes += sizeOf(join(path, name), inside)
  }
  return bytes
}
