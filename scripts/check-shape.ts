// Checks every published package as its users will get it: what its package.json says, and, packed, what is in it, what
// publint says of it and whether attw resolves its types. `--write` sets the facts of the package.json files right.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { readFlags } from './flags.ts'
import { checkFacts, root, workspacePackages } from './packed/facts.ts'
import { checkContents, type Packed, packAll } from './packed/pack.ts'

const { write } = readFlags('usage: pnpm check:shape [--write]', { write: { type: 'boolean', default: false } })
const bin = join(root, 'node_modules', '.bin')
const folder = mkdtempSync(join(tmpdir(), 'sluice-shape-'))
const problems = workspacePackages().flatMap(({ folder, manifest }) => checkFacts(folder, manifest, write))
try {
  if (write) execFileSync(join(bin, 'oxfmt'), { cwd: root })
  const packages = packAll(folder)
  problems.push(...packages.flatMap(checkContents))
  for (const packed of packages) problems.push(...(await checkShape(packed)))
  if (problems.length === 0) console.log(`published shape: ${packages.length} packages are sound`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exitCode = 1
}

async function checkShape({ name, tarball }: Packed): Promise<string[]> {
  const checks = [
    ['publint', [tarball, '--strict']],
    ['attw', [tarball, '--profile', 'esm-only']],
  ] as const
  const results = checks.map(async ([tool, args]) => {
    try {
      await promisify(execFile)(join(bin, tool), args, { cwd: root })
      return []
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string }
      return [`${name}, ${tool}:\n${stdout ?? ''}${stderr ?? ''}`]
    }
  })
  return (await Promise.all(results)).flat()
}
