import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { u8aToHex } from '@polkadot/util'
import { type DevChain, startChainNode } from '../src/node.ts'
import { type Client, openClient } from './client.ts'

const soon = { timeout: 30_000 }

let chain: DevChain
let client: Client
// One chain for the file; every test has a miner of its own.
beforeAll(async () => {
  chain = await startChainNode({ blockTimeMs: 0, miners: 12 })
  client = await openClient(chain.url)
})
afterAll(async () => {
  await client.close()
  await chain.close()
})
const AB = { Raw2: '0x6162' }
const big = (size: number): object => ({ BigRaw: `0x${'07'.repeat(size)}` })
const registration = async (uri: string) =>
  (await client.api.query['commitments']!['commitmentOf']!(13, client.key(uri).address)).toJSON()
const nonceOf = async (uri: string) =>
  (await client.api.rpc.system.accountNextIndex(client.key(uri).address)).toNumber()

describe('a commitment', () => {
  test('of a hotkey without balance is stored with its block, costs nothing and counts its nonce', async () => {
    const outcome = await client.send(client.commit([AB, big(512)]), '//Miner//0')
    expect(outcome.error).toBeNull()
    expect(outcome.events).toEqual([
      'commitments.Commitment',
      'transactionPayment.TransactionFeePaid',
      'system.ExtrinsicSuccess',
    ])
    const { block } = await chain.head()
    expect(await registration('//Miner//0')).toEqual({
      deposit: 0,
      block,
      info: { fields: [{ raw2: '0x6162' }, { bigRaw: `0x${'07'.repeat(512)}` }] },
    })
    const account = (await client.api.query['system']!['account']!(client.key('//Miner//0').address)).toJSON()
    expect(account).toMatchObject({ nonce: 1, providers: 0, data: { free: 0 } })
  })
  test('replaces the one before; no fields at all are accepted', async () => {
    await client.send(client.commit([AB]), '//Miner//1')
    expect((await client.send(client.commit([]), '//Miner//1')).error).toBeNull()
    expect(await registration('//Miner//1')).toMatchObject({ info: { fields: [] } })
  })
  test('of a key that is not registered fails in the block and stores nothing', async () => {
    for (const uri of ['//Stranger', '//Alice', '//Nobody']) {
      const outcome = await client.send(client.commit([AB]), uri)
      expect(outcome.error).toBe('commitments.AccountNotAllowedCommit')
      expect(await registration(uri)).toBeNull()
      expect(await nonceOf(uri)).toBe(1)
    }
  })
  test('is refused at submission when a bound is broken', async () => {
    await expect(client.send(client.commit([AB, AB, AB, AB]), '//Miner//2')).rejects.toThrow(/1002/)
    await expect(client.send(client.commit([big(513)]), '//Miner//2')).rejects.toThrow(/1002/)
    expect(await nonceOf('//Miner//2')).toBe(0)
  })
  test('number 32 of an epoch has no space left; the next epoch has', async () => {
    for (let count = 0; count < 31; count += 1) {
      expect((await client.send(client.commit([AB]), '//Miner//3')).error).toBeNull()
    }
    const last = await client.send(client.commit([AB]), '//Miner//3')
    expect(last.error).toBe('commitments.SpaceLimitExceeded')
    const key = client.key('//Miner//3').address
    const used = await client.api.query['commitments']!['usedSpaceOf']!(13, key)
    expect(used.toJSON()).toMatchObject({ usedSpace: 3100 })
    await chain.produceBlocks(361)
    expect((await client.send(client.commit([big(512), big(512), big(512)]), '//Miner//3')).error).toBeNull()
    const next = await client.api.query['commitments']!['usedSpaceOf']!(13, key)
    expect(next.toJSON()).toMatchObject({ usedSpace: 1536 })
  })
  test('with a timelock is indexed, with a bonds reset is remembered', async () => {
    const timelock = { TimelockEncrypted: { encrypted: '0x0102', revealRound: 9 } }
    const outcome = await client.send(client.commit([timelock, 'ResetBondsFlag']), '//Miner//4')
    expect(outcome.events[0]).toBe('commitments.TimelockCommitment')
    const key = client.key('//Miner//4').address
    expect((await client.api.query['commitments']!['timelockedIndex']!()).toJSON()).toEqual([[13, key]])
    const { block } = await chain.head()
    expect((await client.api.query['commitments']!['lastBondsReset']!(13, key)).toJSON()).toBe(block)
    await client.send(client.commit([AB]), '//Miner//4')
    expect((await client.api.query['commitments']!['timelockedIndex']!()).toJSON()).toEqual([])
  })
})

describe('admission', () => {
  test('a used nonce is outdated, a future one waits for the gap to close', async () => {
    await client.send(client.commit([AB]), '//Miner//5')
    await expect(client.send(client.commit([AB]), '//Miner//5', { nonce: 0 })).rejects.toThrow(/1010.*outdated/)
    const later = client.send(client.commit([big(3)]), '//Miner//5', { nonce: 2 })
    await expect
      .poll(async () => (await client.provider.send<string[]>('author_pendingExtrinsics', [])).length, soon)
      .toBe(1)
    await client.send(client.commit([AB]), '//Miner//5', { nonce: 1 })
    const { statuses } = await later
    expect([statuses[0], statuses.at(-1)]).toEqual(['Future', 'Finalized'])
    expect(await registration('//Miner//5')).toMatchObject({ info: { fields: [{ bigRaw: '0x070707' }] } })
  })
  test.each([{ era: 0 }, { era: 4 }, { era: 64 }])('mortality %o is accepted', async (options) => {
    await chain.produceBlocks(70)
    expect((await client.send(client.commit([AB]), '//Miner//6', options)).error).toBeNull()
  })
  test('an expired era has a bad signature', async () => {
    const tx = await client.commit([AB]).signAsync(client.key('//Miner//7'), { era: 4 })
    await chain.produceBlocks(8)
    await expect(tx.send()).rejects.toThrow(/1010.*bad signature/)
  })
  test('a signature over anything else is bad', async () => {
    const tx = await client.commit([AB]).signAsync(client.key('//Miner//8'), { era: 0 })
    const hex = tx.toHex()
    const otherCall = `${hex.slice(0, -4)}6364`
    await expect(client.provider.send('author_submitExtrinsic', [otherCall])).rejects.toThrow(/1010/)
    const otherSigner = hex.replace(
      u8aToHex(client.key('//Miner//8').publicKey).slice(2),
      u8aToHex(client.key('//Miner//9').publicKey).slice(2),
    )
    await expect(client.provider.send('author_submitExtrinsic', [otherSigner])).rejects.toThrow(/1010/)
    expect(await client.provider.send('author_submitExtrinsic', [hex])).toBe(tx.hash.toHex())
  })
  test('the same extrinsic twice, or a second one for a queued nonce, is refused', async () => {
    const first = await client.commit([AB]).signAsync(client.key('//Miner//9'), { nonce: 5, era: 0 })
    await client.provider.send('author_submitExtrinsic', [first.toHex()])
    await expect(client.provider.send('author_submitExtrinsic', [first.toHex()])).rejects.toThrow(/1013/)
    const rival = await client.commit([big(1)]).signAsync(client.key('//Miner//9'), { nonce: 5, era: 0 })
    await expect(client.provider.send('author_submitExtrinsic', [rival.toHex()])).rejects.toThrow(/1014/)
  })
  test('a call that costs a fee needs a balance, and pays it', async () => {
    const remark = client.api.tx['system']!['remarkWithEvent']!('0x00')
    await expect(client.send(remark, '//Miner//10')).rejects.toThrow(/1010.*Inability to pay/)
    const before = (await client.api.query['system']!['account']!(client.key('//Bob').address)).toJSON()
    const outcome = await client.send(remark, '//Bob')
    expect(outcome.events).toContain('system.Remarked')
    const after = (await client.api.query['system']!['account']!(client.key('//Bob').address)).toJSON()
    const free = (account: unknown): number => Number((account as { data: { free: string } }).data.free)
    expect(free(before) - free(after)).toBeGreaterThan(55_000)
  })
  test('nonsense is refused and the node goes on', async () => {
    for (const bytes of ['0x', '0x00', '0x0484', `0x${'ff'.repeat(200)}`, 'no hex', 7, null]) {
      await expect(client.provider.send('author_submitExtrinsic', [bytes])).rejects.toThrow(/1002|-32602/)
    }
    expect((await client.send(client.commit([AB]), '//Miner//11')).error).toBeNull()
  })
})

describe('the owner', () => {
  test('is changed by the coldkey only, once per 50,400 blocks', async () => {
    const change = (uri: string) => client.api.tx['adminUtils']!['sudoSetSnOwnerHotkey']!(13, client.key(uri).address)
    const read = async () => (await client.api.query['subtensorModule']!['subnetOwnerHotkey']!(13)).toString()
    expect((await client.send(change('//Bob//hot'), '//Stranger')).error).toBe('BadOrigin')
    expect(await read()).toBe(chain.owner.hotkey)
    expect((await client.send(change('//Bob//hot'), '//Alice')).error).toBeNull()
    expect(await read()).toBe(client.key('//Bob//hot').address)
    const again = await client.send(change('//Alice//hot'), '//Alice')
    expect(again.error).toBe('subtensorModule.TxRateLimitExceeded')
  })
  test('can be pointed elsewhere by the lever', async () => {
    await chain.setOwnerHotkey(client.key('//Stranger').address)
    const now = await client.api.query['subtensorModule']!['subnetOwnerHotkey']!(13)
    expect(now.toString()).toBe(client.key('//Stranger').address)
  })
})

test('a transfer makes an account; too small, too large and emptying ones fail', async () => {
  const to = client.key('//Fresh').address
  const transfer = (value: bigint) => client.api.tx['balances']!['transferKeepAlive']!(to, value)
  expect((await client.send(transfer(10n), '//Bob')).error).toBe('Token')
  expect((await client.send(transfer(10n ** 18n), '//Bob')).error).toBe('Arithmetic')
  const outcome = await client.send(transfer(1_000_000n), '//Bob')
  expect(outcome.events).toEqual(expect.arrayContaining(['system.NewAccount', 'balances.Endowed', 'balances.Transfer']))
  const account = (await client.api.query['system']!['account']!(to)).toJSON()
  expect(account).toMatchObject({ providers: 1, data: { free: 1_000_000 } })
})
