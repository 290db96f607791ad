import { ApiPromise, WsProvider } from '@polkadot/api'
import type { ApiOptions } from '@polkadot/api/types'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevChain, startChainNode } from '../src/node.ts'

/**
 * Known answers of the real Subtensor runtime, spec 293 (node-subtensor, 2025-07), with two validators and four miners.
 * With SLUICE_TEST_CHAIN=ws://… the same answers are asked of that node.
 */
const COMMITMENTS = '0xca407206ec1ab726b2636c4b145ac287'
const SUBTENSOR = '0x658faa385070e074c85bf6b568cf0555'
const SYSTEM = '0x26aa394eea5630e07c48ae0c9558cef7'
const MINER = '5GLTJPDtYhLRLBmaZ66WtPnwcoDQZoqfchF8VxdDGeb2QUPf'
const MINER_HEX = 'bcf3dbb86430361d102ce813a2936524e8e998be80485dc794f8487a011a795e'
const BLAKE_KEY = `c9aaf3240865958c665b291fa48303f9${MINER_HEX}`
const TWOX_KEY = `5b645250e946c3ba${MINER_HEX}`
const METAGRAPH =
  '0x01000000000001b220508024ce70b0dd91910806fbda4614701cb762f669276fe978636c4ff80c01d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000011cb220508024ce70b0dd91910806fbda4614701cb762f669276fe978636c4ff80c10470b1b9aca3eff152cff081c301e4cc8f73e8397b567bd8f10d11d35580c6dea13cdccd6812c584a3a55b402fbbcb957848e55c243b0434b9f03ff0ec98b78bcf3dbb86430361d102ce813a2936524e8e998be80485dc794f8487a011a795e005613a467441c0c48969e339b741ba39c5ce3f0cc6b89a195265f21fadbd4061c81f1882612430cc6bf99422ebca4642af245e171a7d109a32e5e60b0aea80a0c54c526f4fdeff51a51685a461879f75c2fea26dc7b7fcc025ae5b46a5ba41600000000011c00010100000000000000000000000000000000000000'

let chain: DevChain
let provider: WsProvider
let api: ApiPromise
beforeAll(async () => {
  chain = await startChainNode({ validators: 2, blockTimeMs: 0 })
  provider = new WsProvider(process.env['SLUICE_TEST_CHAIN'] ?? chain.url)
  api = await ApiPromise.create({
    provider: provider as ApiOptions['provider'] & object,
    noInitWarn: true,
    throwOnConnect: true,
  })
})
afterAll(async () => {
  await api.disconnect()
  await chain.close()
})

describe('calls', () => {
  test('set_commitment is pallet 18, call 0, with the bytes of the real runtime', () => {
    const fields = [{ Raw2: '0x6162' }, { BigRaw: '0x63' }]
    expect(api.tx['commitments']!['setCommitment']!(13, { fields }).method.toHex()).toBe('0x12000d0008036162880463')
  })
  test('sudo_set_sn_owner_hotkey is pallet 19, call 67', () => {
    const call = api.tx['adminUtils']!['sudoSetSnOwnerHotkey']!(13, MINER)
    expect(call.method.toHex()).toBe(`0x13430d00${MINER_HEX}`)
  })
  test('transfer_keep_alive is pallet 5, call 3', () => {
    const call = api.tx['balances']!['transferKeepAlive']!(MINER, 1_000_000n)
    expect(call.method.toHex()).toBe(`0x050300${MINER_HEX}02093d00`)
  })
})

describe('storage keys', () => {
  const cases: readonly [pallet: string, entry: string, keys: readonly unknown[], expected: string][] = [
    ['commitments', 'commitmentOf', [13, MINER], `${COMMITMENTS}419a60ae8b01e6dcaebd7317e43c69bf0d00${TWOX_KEY}`],
    ['commitments', 'lastCommitment', [13, MINER], `${COMMITMENTS}12e87f5eb6c957418d3a44e4809a0ebc0d00${TWOX_KEY}`],
    ['commitments', 'usedSpaceOf', [13, MINER], `${COMMITMENTS}601850e0406400e56fc1672dd2c7ba260d00${TWOX_KEY}`],
    ['commitments', 'maxSpace', [], `${COMMITMENTS}19a2fe4f4d3aa739a653edff34e7f3ae`],
    ['subtensorModule', 'subnetOwner', [13], `${SUBTENSOR}36e3e82152c8758267395fe524fbbd160d00`],
    ['subtensorModule', 'subnetOwnerHotkey', [13], `${SUBTENSOR}68b7553499633fe05caf4d8a51aefe5c0d00`],
    ['subtensorModule', 'networksAdded', [13], `${SUBTENSOR}0e30450fc4d507a846032a7fa65d9a430d00`],
    ['subtensorModule', 'subnetworkN', [13], `${SUBTENSOR}a1048e9d244171852dfe8db314dc68ca0d00`],
    ['subtensorModule', 'tempo', [13], `${SUBTENSOR}7641384bb339f3758acddfd7053d33170d00`],
    ['subtensorModule', 'validatorPermit', [13], `${SUBTENSOR}56af5b07ace59da2c9d7f0d48bc931430d00`],
    ['subtensorModule', 'uids', [13, MINER], `${SUBTENSOR}aab1b4e78e1ea8305462ee53b3686dc80d00${BLAKE_KEY}`],
    ['subtensorModule', 'keys', [13, 3], `${SUBTENSOR}9f99a2ce711f3a31b2fc05604c93f1790d000300`],
    ['subtensorModule', 'owner', [MINER], `${SUBTENSOR}eca6b7a1fdc9f689184ecb4f359c0518${BLAKE_KEY}`],
    ['subtensorModule', 'axons', [13, MINER], `${SUBTENSOR}b4e0c7b1d5f74994fcd58c28ab601fec0d00${BLAKE_KEY}`],
    ['subtensorModule', 'isNetworkMember', [MINER, 13], `${SUBTENSOR}ea6aa4e81a33d2c120ef55203e0eb560${BLAKE_KEY}0d00`],
    ['system', 'account', [MINER], `${SYSTEM}b99d880ec681799c0cf30e8886371da9${BLAKE_KEY}`],
    ['system', 'number', [], `${SYSTEM}02a5c1b19ab7a04f536c519aca4983ac`],
    ['system', 'events', [], `${SYSTEM}80d41e5e16056765bc8461851072c9d7`],
    ['system', 'blockHash', [7], `${SYSTEM}a44704b568d21667356a5a050c1187460e0d969b0e48cab707000000`],
    ['timestamp', 'now', [], '0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb'],
  ]
  test.each(cases)('%s.%s', (pallet, entry, keys, expected) => {
    expect(api.query[pallet]![entry]!.key(...keys)).toBe(expected)
  })
  test('listing one subnet needs only the prefix with its id', () => {
    expect(api.query['commitments']!['commitmentOf']!.keyPrefix(13)).toBe(
      `${COMMITMENTS}419a60ae8b01e6dcaebd7317e43c69bf0d00`,
    )
  })
})

describe('constants, errors, versions', () => {
  test('limits of pallet-commitments', async () => {
    const { commitments, system, balances } = api.consts
    expect(commitments!['maxFields']!.toHex()).toBe('0x00000003')
    expect(commitments!['initialDeposit']!.toString()).toBe('0')
    expect(commitments!['fieldDeposit']!.toString()).toBe('0')
    expect(system!['blockHashCount']!.toString()).toBe('2400')
    expect(balances!['existentialDeposit']!.toString()).toBe('500')
    expect((await api.query['commitments']!['maxSpace']!()).toString()).toBe('3100')
  })
  test.each([
    ['TooManyFieldsInCommitmentInfo', 0],
    ['AccountNotAllowedCommit', 1],
    ['SpaceLimitExceeded', 2],
    ['UnexpectedUnreserveLeftover', 3],
  ])('commitments error %s has index %i', (name, index) => {
    expect(api.errors['commitments']![name]!.meta.index.toNumber()).toBe(index)
  })
  test('the rate limit of the owner change has index 67 in SubtensorModule', () => {
    expect(api.errors['subtensorModule']!['TxRateLimitExceeded']!.meta.index.toNumber()).toBe(67)
  })
  test('commitments events', () => {
    const { Commitment, TimelockCommitment, CommitmentRevealed } = api.events['commitments']!
    const indexes = [Commitment, TimelockCommitment, CommitmentRevealed].map((event) => event!.meta.index.toNumber())
    expect(indexes).toEqual([0, 1, 2])
  })
  test('the runtime version and the signed extensions', () => {
    expect(api.runtimeVersion.specName.toString()).toBe('node-subtensor')
    expect(api.runtimeVersion.specVersion.toNumber()).toBe(293)
    expect(api.runtimeVersion.transactionVersion.toNumber()).toBe(1)
    expect(api.registry.signedExtensions).toEqual([
      'CheckNonZeroSender',
      'CheckSpecVersion',
      'CheckTxVersion',
      'CheckGenesis',
      'CheckMortality',
      'CheckNonce',
      'CheckWeight',
      'ChargeTransactionPayment',
      'SubtensorTransactionExtension',
      'CheckMetadataHash',
    ])
  })
  test('Data has 137 variants with BigRaw at 136', () => {
    const data = api.registry.createType('PalletCommitmentsData', { BigRaw: '0x63' })
    expect(data.toHex()).toBe('0x880463')
    expect(api.registry.createType('PalletCommitmentsData', { Raw128: `0x${'61'.repeat(128)}` }).toU8a()[0]).toBe(129)
    expect(api.registry.createType('PalletCommitmentsData', { Sha256: `0x${'00'.repeat(32)}` }).toU8a()[0]).toBe(131)
    expect(api.registry.createType('PalletCommitmentsData', 'ResetBondsFlag').toHex()).toBe('0x87')
  })
})

describe('answers', () => {
  test('the selective metagraph of a fresh subnet, byte for byte (netuid reads 0 when not asked for)', async () => {
    const answer = await provider.send('state_call', [
      'SubnetInfoRuntimeApi_get_selective_metagraph',
      '0x0d00100500060034003900',
    ])
    expect(answer).toBe(METAGRAPH)
  })
  test('a subnet that does not exist is None', async () => {
    const answer = await provider.send('state_call', ['SubnetInfoRuntimeApi_get_selective_metagraph', '0x0f00040500'])
    expect(answer).toBe('0x00')
  })
  test('values of the cast', async () => {
    const read = (key: string): Promise<unknown> => provider.send('state_getStorage', [key])
    expect(await read(api.query['subtensorModule']!['keys']!.key(13, 3))).toBe(`0x${MINER_HEX}`)
    expect(await read(api.query['subtensorModule']!['uids']!.key(13, MINER))).toBe('0x0300')
    expect(await read(api.query['subtensorModule']!['validatorPermit']!.key(13))).toBe('0x1c00010100000000')
    expect(await read(api.query['subtensorModule']!['networksAdded']!.key(13))).toBe('0x01')
    expect(await read(api.query['subtensorModule']!['tempo']!.key(13))).toBe('0x6801')
  })
  test('weight, class and fee', async () => {
    const commitment = api.tx['commitments']!['setCommitment']!(13, { fields: [] })
    const info = (await commitment.paymentInfo(MINER)).toJSON()
    expect(info).toEqual({ weight: { refTime: 559_140_000, proofSize: 0 }, class: 'Operational', partialFee: 0 })
    const transfer = api.tx['balances']!['transferKeepAlive']!(MINER, 1_000_000n)
    expect((await transfer.paymentInfo(MINER)).partialFee.toNumber()).toBe(137_050)
    expect((await api.tx['system']!['remark']!('0x00').paymentInfo(MINER)).partialFee.toNumber()).toBe(55_273)
  })
})
