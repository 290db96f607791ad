// pnpm prove:threats [T1 T2 …]: takes out one defence after the other and runs its tests, which must then fail. With the
// defence in place they pass: `pnpm test` runs them so. docs/threats.md says what each row means.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defences } from './threats/defences.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const wanted = new Set(process.argv.slice(2))
const folder = mkdtempSync(join(tmpdir(), 'sluice-threats-'))

/** How many tests fail, and why the first of them does. */
async function failures(index: number, test: string, name: string): Promise<{ count: number; why: string }> {
  const report = join(folder, `${index}.json`)
  const words = ['run', '--config', 'scripts/threats/vitest.config.ts', '--reporter=json', `--outputFile=${report}`]
  const child = spawn(join(root, 'node_modules/.bin/vitest'), [...words, '-t', name, test], {
    cwd: root,
    stdio: 'ignore',
    env: { ...process.env, SLUICE_WITHOUT: String(index) },
  })
  await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject))
  const { numFailedTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    numFailedTests: number
    testResults: { message: string; assertionResults: { failureMessages: string[] }[] }[]
  }
  const failed = testResults.flatMap(({ assertionResults }) => assertionResults.flatMap((one) => one.failureMessages))
  const why = (failed[0] ?? testResults.map(({ message }) => message).join()).split('\n')[0] ?? ''
  return { count: numFailedTests, why }
}

let survived = 0
try {
  for (const [index, { threat, defence, test, name = threat }] of defences.entries()) {
    if (wanted.size > 0 && !wanted.has(threat)) continue
    const { count, why } = await failures(index, test, name)
    if (count === 0) survived++
    console.log(`${threat.padEnd(4)} ${count > 0 ? `${count} fail` : 'NOTHING FAILS'} without: ${defence} (${why})`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (survived > 0) process.exitCode = 1
