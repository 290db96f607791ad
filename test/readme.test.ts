import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Runs the README's blocks marked `background` and `run`, in their order. They must work as printed. */
const root = fileURLToPath(new URL('..', import.meta.url))
const blocks = [
  ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^```(\w+) (run|background)\n(.*?)^```/gms),
].map(([, language = '', how = '', code = '']) => ({ language, how, code }))

let folder: string
let cache: string
const background: ChildProcess[] = []

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'))
  cache = join(root, 'node_modules', '.cache', `readme-${process.pid}`)
  mkdirSync(cache, { recursive: true })
  // The README says that `pnpm` stands for `npx -y pnpm@10.34.9`.
  const pnpm = process.env['npm_execpath']
  const command = pnpm?.includes('pnpm') ? `"${process.execPath}" "${pnpm}"` : 'npx -y pnpm@10.34.9'
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin', 'pnpm'), `#!/bin/sh\nexec ${command} --dir "${root}" "$@"\n`)
  chmodSync(join(folder, 'bin', 'pnpm'), 0o755)
})

afterAll(async () => {
  for (const child of background) {
    if (child.pid === undefined || child.exitCode !== null) continue
    const closed = new Promise((resolve) => child.once('close', resolve))
    process.kill(-child.pid, 'SIGINT')
    await closed
  }
  rmSync(folder, { recursive: true, force: true })
  rmSync(cache, { recursive: true, force: true })
})

test('every block of the README runs as printed', { timeout: 240_000 }, async () => {
  expect(blocks.map(({ language, how }) => `${language} ${how}`)).toEqual(
    expect.arrayContaining(['sh background', 'sh run', 'ts run']),
  )
  const environmentFile = join(folder, 'devnet.env')
  for (const [index, { language, how, code }] of blocks.entries()) {
    const printed = code.replace(/(\.\/)?devnet\.env/g, environmentFile)
    if (how === 'background') {
      background.push(startShell(printed))
      while (!existsSync(environmentFile) && background.every((child) => child.exitCode === null)) await pause(100)
      continue
    }
    const { exitCode, output } = await runShell(preamble(environmentFile) + asShell(language, printed, index))
    expect(exitCode, `block ${index}:\n${code}\n${output}`).toBe(0)
  }
})

/** What the reader's shell holds after the first blocks. */
function preamble(environmentFile: string): string {
  return `set -eu\nset -a; . "${environmentFile}"; DB="${folder}/db.sqlite"; STATE="${folder}/state.sqlite"; set +a\n`
}

function asShell(language: string, code: string, index: number): string {
  if (language !== 'ts') return code
  const file = join(cache, `block-${index}.mts`)
  writeFileSync(file, code)
  return `"${root}/node_modules/.bin/tsx" --conditions=@sluice/source "${file}"\n`
}

function startShell(script: string): ChildProcess {
  return spawn('sh', ['-c', script], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` },
  })
}

function runShell(script: string): Promise<{ exitCode: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = startShell(script)
    let output = ''
    child.stdout?.on('data', (chunk) => (output += String(chunk)))
    child.stderr?.on('data', (chunk) => (output += String(chunk)))
    child.on('error', reject)
    child.on('close', (exitCode) => resolve({ exitCode, output }))
  })
}
