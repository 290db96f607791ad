// The packages as a stranger meets them: packed, and installed with plain npm into an empty project outside the
// workspace. There every TypeScript block of the READMEs must compile under `strict`, without `skipLibCheck`, and every
// command must tell its version and its help.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { readFlags, wholeNumber } from './flags.ts'
import { root } from './packed/facts.ts'
import { installAll } from './packed/install.ts'
import { checkContents, type Packed, packAll } from './packed/pack.ts'
import { readSnippets, writeSnippets } from './packed/snippets.ts'

const usage = `
usage: pnpm test:packed [--json] [--sizes N] [--keep]
  --json     ends with one line {"packages","bins_ok","install_mb","dependencies"}
  --sizes N  names the N largest packages that were installed
  --keep     leaves the project in place and tells where it is
`
const flags = readFlags(usage, {
  json: { type: 'boolean', default: false },
  sizes: { type: 'string', default: '0' },
  keep: { type: 'boolean', default: false },
})
const shown = wholeNumber('sizes', flags.sizes)
const folder = mkdtempSync(join(tmpdir(), 'sluice-packed-'))
const project = join(folder, 'project')
try {
  const packages = packAll(folder)
  const installed = installAll(project, packages)
  const bins = packages.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}).map((bin) => ({ bin, manifest })))
  const broken = bins.map(({ bin, manifest }) => checkBin(bin, String(manifest['version'])))
  const failures = [...packages.flatMap(checkContents), ...checkSnippets(packages), ...broken.flat()]
  for (const failure of failures) console.error(failure)
  if (failures.length > 0) process.exitCode = 1

  const bySize = installed.toSorted((a, b) => b.bytes - a.bytes)
  for (const { name, bytes } of bySize.slice(0, shown))
    console.log(`${(bytes / 1e6).toFixed(1).padStart(8)} MB ${name}`)
  const figures = {
    packages: packages.length,
    bins_ok: broken.filter((problems) => problems.length === 0).length,
    install_mb: Math.round(installed.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6),
    dependencies: installed.filter(({ name }) => !packages.some((packed) => packed.name === name)).length,
  }
  console.log(
    `${figures.packages} packages, ${figures.bins_ok} of ${bins.length} commands, ${failures.length} failures`,
  )
  console.log(`${figures.install_mb} MB installed, with ${figures.dependencies} packages of others`)
  if (flags.json) console.log(JSON.stringify(figures))
} finally {
  if (flags.keep) console.log(`the project is left in ${project}`)
  else rmSync(folder, { recursive: true, force: true })
}

function checkSnippets(packages: readonly Packed[]): string[] {
  const snippets = readSnippets(packages.map(({ name }) => name))
  writeSnippets(project, snippets)
  const { status, stdout } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', project], { encoding: 'utf8' })
  console.log(`${snippets.length} snippets`)
  return status === 0 ? [] : [stdout]
}

function checkBin(bin: string, version: string): string[] {
  const run = (flag: string): string => {
    const { status, stdout, stderr } = spawnSync(join(project, 'node_modules', '.bin', bin), [flag], {
      cwd: project,
      encoding: 'utf8',
    })
    return status === 0 ? stdout : `exit code ${status}: ${stderr}`
  }
  const told = run('--version')
  const help = run('--help')
  return [
    ...(told.includes(version) ? [] : [`${bin} --version: ${told}`]),
    ...(help.includes(bin) ? [] : [`${bin} --help: ${help}`]),
  ]
}
