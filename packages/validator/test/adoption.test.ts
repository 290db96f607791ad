import { BackendError } from '@sluice/backends'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defaultPolicy } from '@sluice/rollout'
import { createUsageMetrics } from '../src/metrics.ts'
import { hour, openScene, rowsOf, type Scene } from './scene.ts'

let scene: Scene
beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

test('says who is where, who is behind, and who follows the policy', async () => {
  const miners = []
  for (let i = 0; i < 6; i++) miners.push(await scene.miner(`//Miner//${i}`))
  const [onS3, onHub, onBoth, empty, unknown, forged] = miners
  const old = rowsOf(10, 2, hour)
  const recent = rowsOf(10, 2, hour + 5)

  const first = scene.tree(onS3!, 's3')
  await scene.manifest(first, onS3!, [await scene.part(first, old)])
  const second = scene.tree(onHub!, 'huggingface')
  await scene.manifest(second, onHub!, [await scene.part(second, old)])
  const [s3, hub] = [scene.tree(onBoth!, 's3'), scene.tree(onBoth!, 'huggingface')]
  await scene.manifest(s3, onBoth!, [await scene.part(s3, old)])
  await scene.manifest(hub, onBoth!, [await scene.part(hub, old), await scene.part(hub, recent)])
  const bare = scene.tree(empty!, 's3')
  await scene.manifest(bare, empty!, [])
  const open = () => Promise.reject(new BackendError('UNAVAILABLE', 'simulated', { retryable: true }))
  scene.places.set(unknown!.address, { s3: { kind: 'open', backend: { open }, missingRoot: 'unreachable' } })
  const stolen = scene.tree(forged!, 's3')
  await scene.manifest(stolen, onS3!, [await scene.part(stolen, old)])

  scene.subnet.policy = {
    useS3: true,
    useHuggingFace: true,
    s3: { bucketName: 'bucket-b', authEndpoint: 'https://gateway.example', region: 'us-east-1', endpoint: null },
    rolloutPercentage: 0,
    include: [onS3!.address, onHub!.address],
  }
  const validator = await scene.validator()
  const usage = await validator.monitorStorageUsage()
  expect(usage.counts).toEqual({ s3: 1, huggingface: 1, both: 1, neither: 2, unknown: 1 })
  expect(usage.shares.both).toBeCloseTo(1 / 6)
  expect(Object.values(usage.shares).reduce((a, b) => a + b)).toBeCloseTo(1)
  expect(usage).toMatchObject({ total: 6, inCohort: 2, block: 1000, rolloutPercentage: 0, policyOrigin: 'chain' })
  expect(usage.miners.map(({ usage, inCohort, follows }) => [usage, inCohort, follows])).toEqual([
    ['s3', true, true],
    ['huggingface', true, false],
    ['both', false, true],
    ['neither', false, false],
    ['unknown', false, false],
    ['neither', false, false],
  ])
  expect(usage.miners[2]).toMatchObject({
    coverage: { missing: { s3: 1, huggingface: 0 } },
    lagHours: { s3: 5, huggingface: 0 },
  })
  expect(usage.miners[5]).toMatchObject({ s3: 'corrupt', problems: [expect.stringContaining('s3')] })

  const metrics = createUsageMetrics()
  metrics.update(usage, 1.5)
  const text = await metrics.text()
  expect(text).toContain('sluice_miners{storage="both"} 1')
  expect(text).toContain('sluice_miners_in_cohort 2')
  expect(text).toContain(`sluice_miner_missing_files{hotkey="${onBoth!.address}",backend="s3"} 1`)
  expect(text).toContain(`sluice_miner_lag_hours{hotkey="${onBoth!.address}",backend="s3"} 5`)
  expect(text).toContain('sluice_miners_with_problems 2')
  metrics.update({ ...usage, miners: [], counts: { ...usage.counts, both: 0 } }, 1)
  const later = await metrics.text()
  expect(later).not.toContain(onBoth!.address)
  expect(later).toContain('sluice_miners{storage="both"} 0')
})

test('the owner and idle validators are no miners; one that keeps data is', async () => {
  const [owner, validatorKey, active, miner] = await Promise.all(
    ['//Owner', '//Validator', '//Active', '//Miner//0'].map((uri) => scene.miner(uri)),
  )
  const tree = scene.tree(active!, 's3')
  await scene.manifest(tree, active!, [await scene.part(tree, rowsOf(3))])
  const keys = [owner!, validatorKey!, active!, miner!]
  const validator = await scene.validator({
    readSubnet: async () => ({
      netuid: 13,
      block: 5,
      ownerHotkey: owner!.address,
      neurons: keys.map(({ address }, uid) => ({ uid, hotkey: address, validatorPermit: uid === 1 || uid === 2 })),
      snapshot: { policy: defaultPolicy, origin: 'default', block: 5, blockHash: null, warnings: ['w'] },
      pointers: null,
    }),
  })
  const usage = await validator.monitorStorageUsage()
  expect(usage.miners.map(({ uid, usage }) => [uid, usage])).toEqual([
    [2, 's3'],
    [3, 'neither'],
  ])
  expect(usage.warnings).toEqual(['w'])
})
