// Before a package is packed: builds it with what it needs, and removes from `dist` what has no source any more, which
// `tsc -b` leaves behind.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'

const built = join(process.cwd(), 'dist')
execFileSync('tsc', ['-b'], { stdio: 'inherit' })
for (const entry of readdirSync(built, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name)
  const source = join(process.cwd(), 'src', relative(built, file)).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
  if (/\.(d\.ts|js)(\.map)?$/.test(entry.name) && !existsSync(source)) rmSync(file)
}
