import { expect, it } from 'vitest'
import { describe as describeProgram, exitCodes, exitMeanings } from '../src/index.ts'
import { run } from './harness.ts'
import { example, single } from './program.ts'

it('the top tells commands, every variable with its meaning, and every exit code', async () => {
  const { code, stdout, stderr } = await run(example, '--help')
  expect([code, stderr]).toEqual([0, ''])
  for (const words of ['put ', 'end badly', 'completion [bash|zsh]', 'NO_COLOR', 'A note at the end.']) {
    expect(stdout).toContain(words)
  }
  for (const { name } of describeProgram(example).variables) expect(stdout).toMatch(new RegExp(`^  ${name} +\\w`, 'm'))
  for (const number of Object.values(exitCodes)) expect(stdout).toMatch(new RegExp(`^  ${number} +[a-z]`, 'm'))
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(exitMeanings.unreachable)
})

it('a command tells its own, by group', async () => {
  for (const line of ['put --help', 'put -h', '--help put', 'put a --netuid x --help']) {
    const { code, stdout } = await run(example, line)
    expect([line, code]).toEqual([line, 0])
    expect(stdout).toContain('Usage: sluice-example put <file...> [flags]')
    expect(stdout).toMatch(/^Wallet:\n {2}--wallet.name <name>/m)
    expect(stdout).toMatch(/^Rare:\n {2}--no-checks +without/m)
    expect(stdout).toContain('--mode <fast|slow>')
    expect(stdout).toMatch(/^Examples:\n {2}sluice-example put a b +two files/m)
    expect(stdout).toMatch(/SLUICE_NETUID +as --netuid, which wins/)
    expect(stdout).toMatch(/^Exit codes:/m)
  }
})

it('a command of two words tells its own, and a program of one command all', async () => {
  expect((await run(example, 'end badly --help')).stdout).toContain('Usage: sluice-example end badly <how>')
  const { stdout } = await run(single, '--help')
  expect(stdout).toContain('Usage: sluice-single [part] [flags]')
  expect(stdout).toContain('what to start (all, half)')
})

it.each([60, 80, 100])('fits %i columns', async (columns) => {
  const { stdout } = await run(example, 'put --help', { columns })
  expect(stdout.split('\n').filter((line) => line.length > columns)).toEqual([])
})

it('says its version', async () => {
  for (const line of ['--version', 'put --version']) {
    expect(await run(example, line)).toEqual({ code: 0, stdout: 'sluice-example 1.2.3\n', stderr: '' })
  }
})

it('describes the program as plain data', () => {
  const described = describeProgram(example)
  expect(JSON.parse(JSON.stringify(described))).toEqual(described)
  const put = described.commands.find(({ name }) => name === 'put')
  expect(put?.settings.find(({ name }) => name === '--subtensor.network')).toEqual({
    name: '--subtensor.network',
    also: ['--network'],
    value: '<name>',
    group: 'Subnet',
    meaning: 'finney, test, archive, local, or a ws:// URL',
    variables: ['SLUICE_NETWORK'],
    choices: null,
    initial: 'finney',
    needed: false,
    many: false,
    isArgument: false,
  })
  expect(described.variables.find(({ name }) => name === 'SLUICE_WALLET_PASSWORD')?.flag).toBeNull()
  expect(described.exitCodes.map(({ code }) => code)).toEqual(Object.values(exitCodes))
})

it.each([
  ['', ['put', 'end', 'completion']],
  ['pu', ['put']],
  ['end b', ['badly']],
  ['put --mode', ['--mode']],
  ['put --mode s', ['slow']],
  ['put --mode slow --no', ['--no-checks']],
  ['put f', []],
])('completes "%s"', async (line, words) => {
  const { stdout } = await run(example, `--complete-words ${line}`)
  expect(stdout.split('\n').filter(Boolean)).toEqual(words)
})

it('completes what follows a space, and arguments that are one of a few', async () => {
  const after = async (words: string[]): Promise<string> => {
    const { completions } = await import('../src/completion.ts')
    return completions(describeProgram(single), words).join(' ')
  }
  expect(await after([''])).toBe('all half')
  expect(await after(['h'])).toBe('half')
  expect(await after(['--l'])).toBe('--loud')
})

it('writes scripts that a shell can read', async () => {
  const bash = await run(example, 'completion bash')
  expect([bash.code, bash.stdout]).toEqual([0, expect.stringContaining('-F _sluice_example sluice-example')])
  expect((await run(example, 'completion zsh')).stdout).toContain('#compdef sluice-example')
})
