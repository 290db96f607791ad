// pnpm docs:reference [--check]: writes docs/reference.md from the programs' own descriptions and metrics; with --check it
// only fails when the page is not what the code says.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readFlags } from './flags.ts'
import { metricsSection } from './reference/metrics.ts'
import { commonTable, exitCodesTable, programs, programSection, variablesTable } from './reference/programs.ts'

const { check } = readFlags('pnpm docs:reference [--check]', { check: { type: 'boolean', default: false } })
const root = fileURLToPath(new URL('..', import.meta.url))
const page = fileURLToPath(new URL('../docs/reference.md', import.meta.url))

const text = formatted(
  [
    '# Reference',
    'All flags, variables, exit codes and metrics. `pnpm docs:reference` writes this page from the code; do not edit it.',
    'A flag wins over its variable, and the variable over the default. Dots, dashes and underscores in a flag are one.',
    '## Exit codes',
    'The same in every program.',
    exitCodesTable(),
    '## Flags of every command',
    commonTable(),
    ...programs.map(programSection),
    '## Environment variables',
    'Beside these, every program takes proxies from `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, in either case, and further certificate authorities from `NODE_EXTRA_CA_CERTS`.',
    variablesTable(),
    '## Metrics',
    metricsSection(),
  ].join('\n\n'),
)

if (!check) writeFileSync(page, text)
else if (readFileSync(page, 'utf8') !== text) {
  console.error('docs/reference.md is not what the code says: run pnpm docs:reference')
  process.exitCode = 1
}

function formatted(markdown: string): string {
  return execFileSync('oxfmt', ['--stdin-filepath', 'docs/reference.md'], {
    cwd: root,
    input: markdown,
    encoding: 'utf8',
  })
}
