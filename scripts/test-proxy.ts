// Every client of ours through a proxy on loopback: `pnpm test:proxy [--json]`. The same tests are part of `pnpm test`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SUITES = [
  'test/proxy.test.ts',
  'packages/http/test/way-out.test.ts',
  'packages/transfer/test/direct-sessions.test.ts',
]

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly success: boolean
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly ancestorTitles: readonly string[] }[]
  }[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sluice-test-proxy-'))
const file = join(folder, 'report.json')
try {
  const words = [
    'run',
    '--config',
    'scripts/vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]
  // The last line of the output is ours.
  const stdio: ['ignore', number, 'inherit'] = ['ignore', 2, 'inherit']
  spawnSync(join(root, 'node_modules/.bin/vitest'), [...words, ...SUITES], { cwd: root, stdio })
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  const own = report.testResults.filter(({ name }) => name.endsWith(SUITES[0] ?? ''))
  const clients = new Set(
    own.flatMap(({ assertionResults }) => assertionResults.map(({ ancestorTitles: [one] }) => one)),
  )
  const { numPassedTests: passed, numFailedTests: failed, success } = report
  if (process.argv.includes('--json')) console.log(JSON.stringify({ clients: clients.size, passed, failed }))
  else console.log(`${clients.size} clients through a proxy: ${passed} tests passed, ${failed} failed`)
  process.exitCode = success ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
