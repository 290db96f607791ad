import { createPolicy, isInCohort } from '@sluice/rollout'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { s3, startSubnet, type TestSubnet } from './subnet.ts'

let subnet: TestSubnet
beforeAll(async () => {
  subnet = await startSubnet()
})
afterAll(async () => await subnet.close())

describe('before anything is published', () => {
  it('get says what holds then', async () => {
    const ran = await subnet.run('get --netuid 13')
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('none published: HuggingFace only, 0 %')])
    expect((await subnet.run('get --netuid 13 --json')).json()).toMatchObject({ origin: 'default', decoding: 'absent' })
  })

  it('explain speaks of the default', async () => {
    const ran = await subnet.run(`explain --netuid 13 ${subnet.node.owner.hotkey}`)
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('No readable policy on chain (absent)')])
  })
})

it('a network that only every object has is refused like any other', async () => {
  const ran = await subnet.run('get --netuid 13 --subtensor.network constructor')
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('finney, test, archive, local')])
})

describe('with a policy', () => {
  const policy = createPolicy({ useS3: true, s3, rolloutPercentage: 1, schedule: [[1, 50]] })
  beforeAll(async () => await subnet.publish(policy))

  it('get shows fields, origin and block', async () => {
    const record = await subnet.record()
    const ran = await subnet.run('get --netuid 13')
    expect(ran.stdout).toContain(`published at block ${record.commitmentBlock ?? ''} (json encoding)`)
    expect(ran.stdout).toContain(record.blockHash)
    expect(ran.stdout).toMatch(/percentage at this block +(│ )?50 %/)
    expect((await subnet.run('get --netuid 13 --json')).json()).toMatchObject({
      origin: 'chain',
      block: record.block,
      effective_percentage: 50,
      storage: { use_s3: true, rollout_percentage: 1, schedule: [[1, 50]] },
    })
  })

  it('status counts heads and tells who is in and how much room is left', async () => {
    const inside = subnet.node.neurons.filter(({ hotkey }) => isInCohort(policy, 13, hotkey, 10))
    const miners = inside.filter(({ role }) => role === 'miner').length
    const ran = await subnet.run('status --netuid 13')
    expect(ran.stdout).toContain(`${inside.length} of 8 registered hotkeys on S3`)
    expect(ran.stdout).toContain(`${miners} of 6 without a validator permit`)
    for (const { hotkey } of inside) expect(ran.stdout).toMatch(new RegExp(`${hotkey} +\\w+ +S3$`, 'm'))
    const record = await subnet.record()
    const bytes = record.fields[0]?.kind === 'bigRaw' ? record.fields[0].bytes.length : 0
    expect((await subnet.run('status --netuid 13 --json')).json()).toMatchObject({
      heads: { miners: 6, miners_on_s3: miners, hotkeys: 8, hotkeys_on_s3: inside.length },
      on_s3: inside.map(({ uid, hotkey, role }) => ({ uid, hotkey, role })),
      space_left: 3100 - bytes,
    })
  })

  it('explain gives block, bucket, rule, threshold, reason and plan', async () => {
    for (const { hotkey, uid } of subnet.node.neurons) {
      const isIn = isInCohort(policy, 13, hotkey, 10)
      const answer = (await subnet.run(`explain --netuid 13 ${hotkey} --json`)).json()
      expect(answer).toMatchObject({
        uid,
        rule: 'sha256-bp',
        threshold: 5000,
        in_cohort: isIn,
        required: [isIn ? 's3' : 'huggingface'],
        stand_in: isIn ? 'huggingface' : null,
      })
      expect(answer['reason']).toContain(`slot ${String(answer['slot'])} of 10000 is ${isIn ? '' : 'not '}below 5000`)
    }
    const stranger = await subnet.run(`explain --netuid 13 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY`)
    expect([stranger.code, stranger.stderr]).toEqual([0, expect.stringContaining('has no UID')])
    expect(stranger.stdout).toContain('4269 of 10000')
  })

  it('get and status survive what cannot be read', async () => {
    await subnet.putCommitment([new TextEncoder().encode('{"storage":{"v":1,"mode":"\\u001b[2J"}}')])
    const broken = await subnet.run('status --netuid 13')
    expect([broken.code, broken.stdout]).toEqual([0, expect.stringContaining('miners keep the last good policy')])
    expect(broken.stdout).not.toContain('\u001b')
    await subnet.putCommitment([new TextEncoder().encode('sluice|2|x')])
    expect((await subnet.run('get --netuid 13')).stdout).toContain('version "2" is newer than this program')
    expect((await subnet.run('get --netuid 13 --json')).json()).toMatchObject({ decoding: 'unsupported', version: '2' })
  })

  it('status claims nothing about who stores where when it cannot know', async () => {
    await subnet.putCommitment([new TextEncoder().encode('sluice|2|x')])
    const unread = await subnet.run('status --netuid 13')
    expect(unread.stdout).toContain('by their last good policy')
    expect(unread.stdout).not.toMatch(/HuggingFace|0 of 8/)
    expect((await subnet.run('status --netuid 13 --json')).json()).toMatchObject({ heads: null, on_s3: null })
    await subnet.putCommitment([new TextEncoder().encode('{"storage":{"v":1,"use_huggingface":false}}')])
    const off = await subnet.run('status --netuid 13')
    expect(off.stdout).toMatch(/owner +nowhere/)
    await subnet.publish({ useS3: true, s3, rolloutPercentage: 100, mode: 'dual' })
    expect((await subnet.run('status --netuid 13')).stdout).toMatch(/owner +S3 and/)
  })
})

it('names the chain in every answer', async () => {
  const { url } = subnet.node
  for (const line of ['get --netuid 13', 'status --netuid 13', `explain --netuid 13 ${subnet.node.owner.hotkey}`]) {
    expect((await subnet.run(line)).stdout).toContain(url)
    expect((await subnet.run(`${line} --json`)).json()).toMatchObject({ network: null, endpoint: url })
  }
})

it('--help documents exit codes and the variables in use, on stdout, for every command', async () => {
  for (const line of ['--help', 'get --help', 'set --help', 'rollout --help', 'status --help', 'explain --help']) {
    const ran = await subnet.run(line)
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(/^Exit codes:\n +0 +done/m)
    expect(ran.stdout).toContain('SLUICE_CHAIN_ENDPOINT')
    expect(Math.max(...ran.stdout.split('\n').map((text) => text.length))).toBeLessThan(130)
  }
  expect((await subnet.run('rollout --help')).stdout).toContain('SLUICE_WALLET_PASSWORD')
})
