import { hotkeyFromUri } from '@sluice/chain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { s3, startSubnet, type TestSubnet } from './subnet.ts'

const ready = async (): Promise<TestSubnet> => {
  const subnet = await startSubnet()
  await subnet.publish({ useS3: true, s3, rolloutPercentage: 25 })
  return subnet
}

/** For all tests that leave the chain as it is. */
let shared: TestSubnet
beforeAll(async () => {
  shared = await ready()
})
afterAll(async () => await shared.close())

/** A chain for one test that changes it. */
const alone = async (test: (subnet: TestSubnet) => Promise<void>): Promise<void> => {
  const subnet = await ready()
  try {
    await test(subnet)
  } finally {
    await subnet.close()
  }
}

/** Runs a line that must fail, checks that the commitment did not change, and gives code and message. */
const refused = async (
  line: string,
  subnet: TestSubnet = shared,
  env: Record<string, string> = {},
): Promise<[number, string]> => {
  const before = await subnet.record()
  const ran = await subnet.run(line, { env })
  const after = await subnet.record()
  expect([after.commitmentBlock, after.fields]).toEqual([before.commitmentBlock, before.fields])
  expect(ran.stderr).not.toContain('\n    at ')
  return [ran.code, ran.stderr]
}

describe('keys', () => {
  it('explains that the coldkey cannot sign', async () => {
    const [code, message] = await refused('rollout --netuid 13 --percentage 50 --yes --wallet.name coldkey')
    expect(code).toBe(5)
    expect(message).toContain('COLDKEY')
    expect(message).toContain(shared.node.owner.hotkey)
  })

  it('explains that another hotkey would be ignored', async () => {
    const [code, message] = await refused('rollout --netuid 13 --percentage 50 --yes --wallet.name miner')
    expect([code, message]).toEqual([5, expect.stringContaining('is not the owner hotkey')])
  })

  it('tells an owner hotkey without UID to register', async () => {
    await alone(async (subnet) => {
      const { address } = await hotkeyFromUri('//Stranger')
      await subnet.node.setOwnerHotkey(address)
      const line = 'set --netuid 13 --region eu-west-1 --yes --wallet.name stranger'
      expect(await refused(line, subnet)).toEqual([5, expect.stringContaining('Register it')])
    })
  })
})

describe('wallets', () => {
  it.each([
    ['nobody', 'cannot be read'],
    ['broken', 'broken/hotkeys/default'],
    ['locked', 'SLUICE_WALLET_PASSWORD'],
    ['../owner', 'without a path'],
  ])('refuses wallet %s', async (name, words) => {
    const [code, message] = await refused(`rollout --netuid 13 --percentage 50 --yes --wallet.name ${name}`)
    expect([code, message]).toEqual([4, expect.stringContaining(words)])
  })

  it('uses the password of the environment and never shows it', async () => {
    const env = { SLUICE_WALLET_PASSWORD: 'hunter2-hunter2' }
    const [code, message] = await refused('rollout --netuid 13 --percentage 50 --yes --wallet.name locked', shared, env)
    expect([code, message]).toEqual([4, expect.not.stringContaining('hunter2')])
    expect(message).not.toContain('SLUICE_WALLET_PASSWORD')
  })
})

describe('room', () => {
  const line = 'rollout --netuid 13 --percentage 50 --yes --wallet.name owner'

  it('says when the epoch is used up and when to come again', async () => {
    await alone(async (subnet) => {
      for (let write = 1; write < 31; write++) await subnet.publish({ useS3: true, s3, rolloutPercentage: write })
      expect(await refused(line, subnet)).toEqual([6, expect.stringMatching(/of the 3100 bytes.*Try again/)])
      const status = await subnet.run('status --netuid 13 --json')
      expect([status.code, status.json()['space_left']]).toEqual([0, 0])
    })
  })

  it('says when other uses leave no room, and shows nothing that could steer the terminal', async () => {
    await alone(async (subnet) => {
      const hostile = new TextEncoder().encode('\u001b[2J\u001b]0;owned\u0007')
      await subnet.putCommitment([hostile, hostile, hostile])
      const [code, message] = await refused(line, subnet)
      expect([code, message]).toEqual([6, expect.stringContaining('free the commitment')])
      await subnet.putCommitment([hostile])
      const dry = await subnet.run('set --netuid 13 --region eu-west-1 --dry-run')
      expect(dry.code).toBe(0)
      // oxlint-disable-next-line no-control-regex
      expect(dry.stdout + dry.stderr + message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    })
  })
})

describe('chain', () => {
  it.each([
    ['get --netuid 13 --subtensor.chain_endpoint ws://127.0.0.1:1', 7, 'No chain endpoint can be used'],
    ['get --netuid 13 --subtensor.chain_endpoint http://127.0.0.1:1', 2, 'ws://'],
    ['get --netuid 13 --subtensor.network finnney', 2, 'finnney'],
    ['get --netuid 77', 7, 'Subnet 77 does not exist'],
  ])('%s', async (line, code, words) => {
    expect(await refused(line)).toEqual([code, expect.stringContaining(words)])
  })
})

describe('flags', () => {
  it.each([
    ['get', '--netuid'],
    ['get --netuid 70000', '0 to 65535'],
    ['set --netuid 13 --use_s3 maybe', 'true or false'],
    ['set --netuid 13 --rollout_percentage 101', '0 to 100'],
    ['set --netuid 13 --rollout_percentage -5', '0 to 100'],
    ['set --netuid 13 --schedule 5', 'BLOCK:PERCENTAGE'],
    ['set --netuid 13 --schedule 9:1,5:2 --dry-run', 'must ascend'],
    ['set --netuid 13 --mode both', 'fallback'],
    ['set --netuid 13 --auth_endpoint http://example.org --dry-run', 'https'],
    ['set --netuid 13 --auth_endpoint https://me:pw@example.org --dry-run', 'without user name'],
    ['set --netuid 13 --bucket_name Data_Universe --dry-run', 'lower-case'],
    ['set --netuid 13 --include 5nobody --dry-run', 'not a hotkey'],
    ['set --netuid 13 --bucket_name none --dry-run', 'S3 cannot be on without'],
    ['set --netuid 13 --use_s3 false --use_huggingface false --dry-run', 'nowhere to store'],
    ['rollout --netuid 13', 'Say how far'],
    ['explain --netuid 13 5nobody', 'not a hotkey'],
    ['explain --netuid 13', '<hotkey> is missing'],
    ['turn --netuid 13', 'unknown command'],
    ['get --netuid 13 --percentage 5', 'unknown flag --percentage'],
    ['set --netuid 13 --mod dual', 'did you mean --mode?'],
  ])('%s', async (line, words) => {
    expect(await refused(line)).toEqual([2, expect.stringContaining(words)])
  })
})

describe('consent', () => {
  it.each([
    ['without a terminal', 'rollout --netuid 13 --percentage 50 --wallet.name owner', '--yes'],
    ['with --json', 'rollout --netuid 13 --percentage 50 --wallet.name owner --json', ''],
    ['with --quiet', 'rollout --netuid 13 --percentage 50 --wallet.name owner -q', '--yes'],
    ['for another salt', 'set --netuid 13 --salt x --yes --wallet.name owner', '--reshuffle'],
    ['for another rule', 'set --netuid 13 --cohort md5-mod100 --yes --wallet.name owner', '--reshuffle'],
  ])('refuses %s', async (_, line, words) => {
    expect(await refused(line)).toEqual([3, expect.stringContaining(words)])
  })

  it('does not overwrite what newer software published, unless told to', async () => {
    await alone(async (subnet) => {
      await subnet.putCommitment([new TextEncoder().encode('sluice|2|something')])
      const line = 'set --netuid 13 --use_huggingface true --yes --wallet.name owner'
      expect(await refused(line, subnet)).toEqual([3, expect.stringContaining('--replace')])
      expect((await subnet.run(`${line} --replace`)).code).toBe(0)
      expect((await subnet.record()).decoding.kind).toBe('policy')
    })
  })

  it('does not undo what somebody else published while the question was open', async () => {
    await alone(async (subnet) => {
      const line = 'rollout --netuid 13 --percentage 50 --wallet.name owner'
      let meanwhile: Promise<void> | undefined
      const onStdout = (text: string): void => {
        if (text.includes('Commitment:')) meanwhile ??= subnet.publish({ useS3: true, s3, rolloutPercentage: 0 })
      }
      const ran = await subnet.run(line, { typing: [['Publish this as', 'y']], beforeKeys: () => meanwhile, onStdout })
      expect([ran.code, ran.stderr]).toEqual([3, expect.stringContaining('in the meantime')])
      const { decoding } = await subnet.record()
      expect(decoding).toMatchObject({ policy: { rolloutPercentage: 0 } })
    })
  })

  it('does not say "nothing was changed" once the change is on its way', async () => {
    await alone(async (subnet) => {
      subnet.node.stallFinality(true)
      const stop = new AbortController()
      const onStdout = (text: string): void => {
        if (text.includes('in block')) stop.abort()
      }
      const line = 'rollout --netuid 13 --percentage 50 --yes --wallet.name owner'
      const ran = await subnet.run(line, { signal: stop.signal, onStdout })
      expect([ran.code, ran.stderr]).toEqual([8, expect.stringContaining('was sent')])
      expect(ran.stderr).toContain('sluice-config get')
      expect(ran.stderr).not.toContain('Nothing was changed')
    })
  })
})
