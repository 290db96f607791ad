import { afterEach, beforeEach, expect, it } from 'vitest'
import { s3, startSubnet, type TestSubnet } from './subnet.ts'

let subnet: TestSubnet
beforeEach(async () => {
  subnet = await startSubnet()
  await subnet.publish({ useS3: true, s3, rolloutPercentage: 25 })
})
afterEach(async () => await subnet.close())

const line = 'rollout --netuid 13 --percentage 50 --wallet.name owner'
const share = async (): Promise<unknown> => {
  const { decoding } = await subnet.record()
  return decoding.kind === 'policy' ? decoding.policy.rolloutPercentage : decoding
}

it('publishes after a yes', async () => {
  const ran = await subnet.run(line, { typing: [['Publish this as', 'y']] })
  expect([ran.code, await share()]).toEqual([0, 50])
})

it('leaves everything alone after a no, and Enter alone is a no', async () => {
  for (const keys of ['n', '\r']) {
    const ran = await subnet.run(line, { typing: [['Publish this as', keys]] })
    expect([ran.code, await share()]).toEqual([3, 25])
    expect(ran.stderr).toContain('You said no. Nothing was changed.')
  }
})

it('leaves everything alone after Ctrl-C', async () => {
  const ran = await subnet.run(line, { typing: [['Publish this as', '\u0003']] })
  expect([ran.code, await share()]).toEqual([130, 25])
  expect(ran.stderr).toContain('Interrupted. Nothing was changed.')
})

it('asks for the password of a locked hotkey, hides it, and takes Ctrl-C there as well', async () => {
  const locked = line.replace('owner', 'locked')
  const typed = await subnet.run(locked, { typing: [['Password of locked/default', 'hunter2\r']] })
  expect([typed.code, typed.stdout + typed.stderr]).toEqual([4, expect.not.stringContaining('hunter2')])
  const stopped = await subnet.run(locked, { typing: [['Password of locked/default', '\u0003']] })
  expect([stopped.code, await share()]).toEqual([130, 25])
})

it('stops at once when it is told to from outside', async () => {
  const ran = await subnet.run(line.concat(' --yes'), { signal: AbortSignal.abort() })
  expect([ran.code, await share()]).toEqual([130, 25])
  expect(ran.stderr).toContain('Interrupted. Nothing was changed.')
})

it('stops at the prompt when it is told to from outside', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 1500)
  const ran = await subnet.run(line, { typing: [['never appears', 'y']], signal: stop.signal })
  expect([ran.code, await share()]).toEqual([130, 25])
})
