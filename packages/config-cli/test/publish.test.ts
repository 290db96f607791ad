import { createPolicy, isInCohort } from '@sluice/rollout'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { s3, startSubnet, type TestSubnet } from './subnet.ts'

let subnet: TestSubnet
beforeEach(async () => {
  subnet = await startSubnet()
})
afterEach(async () => await subnet.close())

const guide =
  'set --netuid 13 --use_s3 true --use_huggingface true --bucket_name data-universe-subnet ' +
  '--auth_endpoint https://your-api-gateway-url.amazonaws.com/auth --region us-east-1 --rollout_percentage 0 ' +
  '--wallet.name owner'

describe('the guide, step by step', () => {
  it('sets up S3 and turns the dial from 0 to 5, 25, 100 % and back', async () => {
    expect((await subnet.run(`${guide} --yes`)).code).toBe(0)
    const miners = subnet.node.neurons.filter((neuron) => neuron.role === 'miner').map((neuron) => neuron.hotkey)
    for (const percentage of [5, 25, 50, 100, 0]) {
      const ran = await subnet.run(`rollout --netuid 13 --percentage ${percentage} --wallet.name owner --yes`)
      expect([ran.code, ran.stderr.includes('error')]).toEqual([0, false])
      const policy = createPolicy({ useS3: true, s3, rolloutPercentage: percentage })
      const inside = miners.filter((hotkey) => isInCohort(policy, 13, hotkey, 1)).length
      expect(ran.stdout).toMatch(new RegExp(`After:.*, ${inside} of 6 without a validator permit`))
      expect((await subnet.record()).decoding).toMatchObject({
        kind: 'policy',
        encoding: 'compact',
        policy: { useS3: true, rolloutPercentage: percentage },
      })
    }
  })

  it('names exactly who joins and who leaves', async () => {
    await subnet.publish({ useS3: true, s3, rolloutPercentage: 50 })
    const joining = await subnet.run('rollout --netuid 13 --percentage 100 --dry-run --json')
    const all = subnet.node.neurons.map((neuron) => neuron.hotkey)
    const inside = all.filter((hotkey) => isInCohort(createPolicy({ rolloutPercentage: 50 }), 13, hotkey, 1))
    const hotkeysOf = (list: unknown): string[] => (list as { hotkey: string }[]).map((head) => head.hotkey)
    expect(inside.length).toBeGreaterThan(0)
    expect(hotkeysOf(joining.json()['joins'])).toEqual(all.filter((hotkey) => !inside.includes(hotkey)))
    expect(joining.json()['leaves']).toEqual([])
    const leaving = await subnet.run('rollout --netuid 13 --percentage 0 --dry-run --json')
    expect(hotkeysOf(leaving.json()['leaves'])).toEqual(inside)
    expect(leaving.stderr).toContain('goes down from 50 % to 0 %')
  })

  it('takes every flag with dashes too', async () => {
    const line = `${guide} --dry-run --json`
    const dashed = line.replace(/--[a-z_.0-9]+/g, (flag) => flag.replace(/[._]/g, '-'))
    expect(dashed).toContain('--bucket-name')
    const [first, second] = [await subnet.run(line), await subnet.run(dashed)]
    expect(first.code).toBe(0)
    expect(second.json()).toEqual(first.json())
  })
})

describe('dry run', () => {
  it('shows fields and call, needs no wallet, sends nothing', async () => {
    const ran = await subnet.run(`${guide.replace('--wallet.name owner', '')} --dry-run`)
    expect(ran.code).toBe(0)
    expect(ran.stdout).toContain(
      'sluice|1|shf|0|bp|data-universe-subnet|us-east-1|your-api-gateway-url.amazonaws.com/auth|',
    )
    expect(ran.stdout).toMatch(/Call \(Commitments\.set_commitment\): 0x12000d00/)
    expect(ran.stdout).toContain('nothing was sent')
    expect((await subnet.record()).decoding).toEqual({ kind: 'absent' })
  })

  it('checks the wallet when one is named, by its hotkey too', async () => {
    const ran = await subnet.run(`${guide.replace('--wallet.name owner', '--wallet.hotkey nobody')} --dry-run`)
    expect([ran.code, ran.stderr]).toEqual([4, expect.stringContaining('default/hotkeys/nobody')])
  })
})

describe('--json', () => {
  it('prints one object and nothing else on stdout', async () => {
    const ran = await subnet.run(`${guide} --yes --json`)
    expect(ran.stdout.trim().split('\n')).toHaveLength(1)
    const record = await subnet.record()
    expect(ran.json()).toMatchObject({
      netuid: 13,
      encoding: 'compact',
      storage: { v: 1, use_s3: true, rollout_percentage: 0 },
      published: { block: record.commitmentBlock },
    })
  })

  it('does so for failures as well', async () => {
    const ran = await subnet.run('rollout --netuid 13 --percentage 5 --wallet.name nobody --yes --json')
    expect([ran.code, (ran.json()['error'] as { code: string }).code]).toEqual([4, 'NO_WALLET'])
    const wrong = await subnet.run('rollout --netuid x --json')
    expect([wrong.code, (wrong.json()['error'] as { code: string }).code]).toEqual([2, 'USAGE'])
  })
})

describe('what the policy says', () => {
  it('does nothing when it says so already', async () => {
    await subnet.publish({ useS3: true, s3, rolloutPercentage: 5 })
    const before = await subnet.record()
    const ran = await subnet.run('rollout --netuid 13 --percentage 5 --wallet.name owner --yes')
    expect([ran.code, ran.stdout.trim()]).toEqual([0, 'The policy on chain says this already. Nothing to do.'])
    expect((await subnet.record()).commitmentBlock).toBe(before.commitmentBlock)
  })

  it('takes the long fields and gives them back', async () => {
    await subnet.publish({ useS3: true, s3 })
    const miner = subnet.node.neurons.at(-1)?.hotkey ?? ''
    const ran = await subnet.run(
      `set --netuid 13 --wallet.name owner --yes --mode dual --schedule 100:5,200:25.5 --include ${miner} ` +
        `--exclude ${subnet.node.owner.hotkey} --hf_sunset_block 900 --endpoint https://s3.example.org --salt s3 --reshuffle`,
    )
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('drawn anew')])
    expect((await subnet.record()).decoding).toMatchObject({
      encoding: 'json',
      policy: {
        mode: 'dual',
        schedule: [
          [100, 5],
          [200, 25.5],
        ],
        include: [miner],
        exclude: [subnet.node.owner.hotkey],
        hfSunsetBlock: 900,
        salt: 's3',
        s3: { ...s3, endpoint: 'https://s3.example.org' },
      },
    })
    const cleared = await subnet.run(
      'set --netuid 13 --wallet.name owner --yes --schedule none --include none --exclude none --hf-sunset-block none ' +
        '--endpoint none --salt none --reshuffle',
    )
    expect(cleared.code).toBe(0)
    expect((await subnet.record()).decoding).toMatchObject({ encoding: 'compact', policy: { mode: 'dual', salt: '' } })
  })

  it('says when a schedule makes the percentage pointless', async () => {
    await subnet.publish({ useS3: true, s3, schedule: [[1, 50]] })
    const ran = await subnet.run('rollout --netuid 13 --percentage 75 --dry-run')
    expect(ran.stderr).toContain('The schedule holds 50 % at block')
    expect(ran.stdout).toContain('0 join, 0 leave')
  })

  it('warns of a schedule that lowers the share later on', async () => {
    await subnet.publish({ useS3: true, s3, rolloutPercentage: 50 })
    const ran = await subnet.run('rollout --netuid 13 --schedule 1000:75,2000:10 --dry-run --json')
    expect(ran.json()['warnings']).toEqual(['The schedule lowers the share at block 2000 from 75 % to 10 %.'])
  })

  it('replaces a broken policy from defaults and says so', async () => {
    await subnet.putCommitment([new TextEncoder().encode('{"storage":{"v":1,"rollout_percentage":500}}')])
    const ran = await subnet.run(`${guide} --yes`)
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('is not valid (rollout_percentage')])
    expect((await subnet.record()).decoding.kind).toBe('policy')
  })

  it("keeps fields of other uses and the owner's own pointer", async () => {
    const foreign = new TextEncoder().encode('git:0f9c3b2a')
    await subnet.putCommitment([foreign, new TextEncoder().encode('sluice|1|hf|acme/data|ijPgLv')])
    const ran = await subnet.run(`${guide} --yes`)
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('1 field(s) of other uses')])
    const record = await subnet.record()
    expect(record.fields[0]).toEqual({ kind: 'raw', bytes: foreign })
    expect(record.decoding.kind).toBe('policy')
    expect(
      JSON.stringify(record.fields.map((f) => (f.kind === 'foreign' ? '' : new TextDecoder().decode(f.bytes)))),
    ).toContain('acme/data')
  })
})
