import { describe, expect, it } from 'vitest'
import { run } from './harness.ts'
import { example, single } from './program.ts'

const put = async (line: string, env: Record<string, string> = {}): Promise<Record<string, unknown>> => {
  const ran = await run(example, `put --netuid 1 --json ${line}`, { env })
  return JSON.parse(ran.stdout) as Record<string, unknown>
}

describe('what can be said', () => {
  it.each([
    ['a --subtensor.network test', { network: 'test' }],
    ['a --subtensor_network=test', { network: 'test' }],
    ['a --subtensor-chain-endpoint ws://x', { endpoint: 'ws://x' }],
    ['a --network test', { network: 'test' }],
    ['a --wallet me -H you -p /w', { wallet_name: 'me', hotkey_name: 'you', wallet_path: '/w' }],
    ['a --wallet-name me --hotkey you', { wallet_name: 'me', hotkey_name: 'you' }],
    ['a --wallet_path /w', { wallet_path: '/w' }],
    ['a b - 007 1e3', { files: ['a', 'b', '-', '007', '1e3'] }],
    ['a -- --b', { files: ['a', '--b'] }],
    ['a --label x y --mode slow', { labels: ['x', 'y'], mode: 'slow' }],
    ['a --label x --label y', { labels: ['x', 'y'] }],
    ['a --no-checks', { no_checks: true }],
    ['a --no_checks', { no_checks: true }],
    ['a --wallet.name 5 --wallet.name 6', { wallet_name: '6' }],
  ])('put %s', async (line, values) => {
    expect(await put(line)).toMatchObject(values)
  })

  it('a flag wins over a variable, which wins over nothing', async () => {
    expect(await put('a --network test', { SLUICE_CHAIN_ENDPOINT: 'ws://x' })).not.toHaveProperty('endpoint')
    expect(await put('a', { SLUICE_CHAIN_ENDPOINT: 'ws://x' })).toMatchObject({ endpoint: 'ws://x' })
  })

  it('one command needs no name', async () => {
    expect((await run(single, 'half --loud')).stdout).toBe('{"part":"half","loud":true}\n')
    expect((await run(single, '')).stdout).toBe('{"loud":false}\n')
  })
})

describe('wrong usage is exit code 2', () => {
  it.each([
    ['turn --netuid 1', 'unknown command "turn"'],
    ['end badyl', 'unknown command "end badyl"; did you mean "end badly"?'],
    ['end', 'Usage: sluice-example'],
    ['', 'Usage: sluice-example'],
    ['put a --netuid 1 --mod slow', 'unknown flag --mod; did you mean --mode?'],
    ['put a --netuid 1 --zzz', 'unknown flag --zzz'],
    ['put a --netuid 1 -z', 'unknown flag -z'],
    ['put a --netuid', '--netuid needs a value'],
    ['put a --netuid --json', '--netuid needs a value'],
    ['put a --netuid=', '--netuid must be a whole number'],
    ['put a --netuid -5', '--netuid must be a whole number'],
    ['put a', '--netuid or SLUICE_NETUID is missing'],
    ['put --netuid 1', '<file> is missing'],
    ['put a --netuid 1 --mode fats', '--mode must be fast or slow, not "fats"'],
    ['end well now', 'too many arguments: now'],
    ['end badly usage', 'so you say'],
    ['completion fish', 'completion bash, or completion zsh'],
  ])('%s', async (line, told) => {
    const { code, stdout, stderr } = await run(example, line)
    expect([code, stdout === '' ? stderr : stdout]).toEqual([2, expect.stringContaining(told)])
  })

  it('also where one command is the program', async () => {
    expect(await run(single, 'double')).toMatchObject({
      code: 2,
      stderr: 'error: <part> must be all or half, not "double"\n',
    })
    expect(await run(single, '--luod')).toMatchObject({
      code: 2,
      stderr: 'error: unknown flag --luod; did you mean --loud?\n',
    })
  })
})

describe('how it ends', () => {
  it.each([
    ['done', 0],
    ['bug', 1],
    ['refused', 3],
    ['wallet', 4],
    ['key', 5],
    ['known', 6],
    ['unreachable', 7],
    ['unfinished', 8],
    ['interrupted', 130],
  ])('%s is %i', async (how, code) => {
    expect((await run(example, `end badly ${how}`)).code).toBe(code)
  })

  it('a bug asks to be reported, and shows where it is with -vv', async () => {
    const plain = await run(example, 'end badly bug')
    expect(plain.stderr).toBe('error: Unexpected failure, please report it. TypeError: x is not a function\n')
    expect((await run(example, 'end badly bug -vv')).stderr).toContain('    at ')
  })

  it('whatever fails after Ctrl-C was stopped by it', async () => {
    const signal = AbortSignal.abort()
    expect(await run(example, 'end badly stopped', { signal })).toMatchObject({
      code: 130,
      stderr: 'error: Interrupted.\n',
    })
    expect((await run(example, 'end badly known', { signal })).code).toBe(130)
    expect((await run(example, 'end badly known --json', { signal })).stdout).toBe(
      '{"error":{"code":"INTERRUPTED","message":"the disk is full","exit_code":130}}\n',
    )
  })
})

describe('what is said', () => {
  const line = 'put a --netuid 1'

  it('--json is one object in snake_case and nothing else on standard output', async () => {
    for (const flag of ['--json', '--json-output', '--json_output']) {
      const { stdout } = await run(example, `${line} ${flag}`)
      expect(stdout.split('\n')).toHaveLength(2)
      expect(JSON.parse(stdout)).toMatchObject({ files: ['a'], is_done: true })
    }
  })

  it('--json=events puts a line per event before it', async () => {
    const { stdout } = await run(example, `${line} --json=events`)
    const lines = stdout.trim().split('\n')
    expect(lines.map((text) => JSON.parse(text) as unknown)).toEqual([
      { event: 'stored', file_path: 'a' },
      expect.objectContaining({ is_done: true }),
    ])
  })

  it.each([
    ['end badly known --json', { code: 'FULL', message: 'the disk is full', exit_code: 6 }],
    ['end badly known --json=events', { code: 'FULL', message: 'the disk is full', exit_code: 6 }],
    ['put --json --netuid 1', { code: 'USAGE', message: '<file> is missing', exit_code: 2 }],
    ['put a --jsn --json', { code: 'USAGE', message: 'unknown flag --jsn; did you mean --json?', exit_code: 2 }],
  ])('%s tells the error as JSON alone', async (words, error) => {
    const { stdout, stderr } = await run(example, words)
    expect([JSON.parse(stdout), stderr]).toEqual([{ error }, ''])
  })

  it('levels: quiet leaves warnings, -v adds details, -vv all', async () => {
    const told = async (flag: string): Promise<string[]> =>
      (await run(example, `${line} ${flag}`)).stderr.trim().split('\n')
    expect(await told('--quiet')).toEqual(['warning: a warning'])
    expect(await told('')).toEqual(['a note', 'warning: a warning'])
    expect(await told('-v')).toEqual(['a note', 'a detail', 'warning: a warning'])
    expect(await told('-vv')).toEqual(['a note', 'a detail', 'every detail', 'warning: a warning'])
  })

  it('colours at a terminal only, and never with NO_COLOR', async () => {
    expect((await run(example, line, { columns: 80 })).stderr).toContain('\u001b[33mwarning:')
    const without = [
      await run(example, line, { columns: 80, env: { NO_COLOR: '1' } }),
      await run(example, line),
      await run(example, 'end badly known', { columns: 80, env: { NO_COLOR: '1' } }),
    ]
    for (const { stdout, stderr } of without) expect(stdout + stderr).not.toContain('\u001b')
  })
})
