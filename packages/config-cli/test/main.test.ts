import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { s3, startSubnet, type TestSubnet } from './subnet.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const root = fileURLToPath(new URL('../../..', import.meta.url))

let subnet: TestSubnet
beforeAll(async () => {
  subnet = await startSubnet()
  await subnet.publish({ useS3: true, s3, rolloutPercentage: 25 })
})
afterAll(async () => await subnet.close())

/** The real program as a process of its own, without a terminal. */
const program = async (
  line: string,
  readerLeaves = false,
): Promise<{ code: number | null; stdout: string; stderr: string }> =>
  await new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ['--conditions=@sluice/source', '--import', 'tsx', main, ...line.split(' ')],
      { cwd: root, env: { ...process.env, SLUICE_CHAIN_ENDPOINT: subnet.node.url }, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    if (readerLeaves) child.stdout.destroy()
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })

it('writes everything out, ends although the chain library keeps timers, and gives the exit code', async () => {
  const status = await program('status --netuid 13 --json')
  expect([status.code, (JSON.parse(status.stdout) as { origin: string }).origin]).toEqual([0, 'chain'])

  const cut = await program('status --netuid 13 --quiet', true)
  expect([cut.code, cut.stderr]).toEqual([0, ''])

  const refused = await program('rollout --netuid 13 --percentage 50 --wallet.name nobody')
  expect([refused.code, refused.stdout, refused.stderr]).toEqual([4, '', expect.stringContaining('cannot be read')])
})
