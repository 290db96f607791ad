// Checks every published package as its users will get it: packed, linted by publint, its types resolved by attw.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const folder = mkdtempSync(join(tmpdir(), 'sluice-pack-'))
let failed = false

try {
  for (const name of readdirSync(join(root, 'packages'))) {
    const cwd = join(root, 'packages', name)
    const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')) as { private?: boolean }
    if (manifest.private) continue
    // pnpm puts its own path into the environment of the scripts it runs.
    const pnpm = process.env['npm_execpath']
    if (!pnpm) throw new Error('run this through pnpm: pnpm run check:shape')
    const packed = JSON.parse(
      execFileSync(process.execPath, [pnpm, 'pack', '--json', '--pack-destination', folder], { cwd, encoding: 'utf8' }),
    ) as { filename: string }
    const tarball = packed.filename.startsWith('/') ? packed.filename : join(folder, packed.filename)
    try {
      execFileSync(join(bin, 'publint'), [tarball, '--strict'], { cwd, stdio: 'pipe' })
      execFileSync(join(bin, 'attw'), [tarball, '--profile', 'esm-only'], { cwd, stdio: 'pipe' })
      console.log(`published shape: @sluice/${name} is sound`)
    } catch (error) {
      failed = true
      const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer }
      console.error(`@sluice/${name}:\n${String(stdout ?? '')}${String(stderr ?? '')}`)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (failed) process.exitCode = 1
