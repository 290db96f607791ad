import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { addRows, createTestMiner, down, s3Policy } from './miner.ts'

const backend = fc.constantFrom('s3' as const, 'hub' as const)
const event = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('cycle' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), hour: fc.nat(5), count: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('prune' as const), count: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('dial' as const), to: fc.constantFrom(0, 100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fault' as const), backend, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
)

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never
const cycle: Event = { kind: 'cycle' }
const add = (hour: number, count: number): Event => ({ kind: 'add', hour, count })
const prune = (count: number): Event => ({ kind: 'prune', count })
const hubDown: Event = { kind: 'fault', backend: 'hub', on: true }

/** What simpler rules lost rows by: a late row below the hour being pruned, one in an hour long gone, an outage then. */
const lostOnce: Event[][] = [
  [add(1, 2), cycle, prune(2), add(0, 1), cycle, prune(1), cycle],
  [add(2, 1), cycle, add(3, 1), prune(2), add(0, 2), prune(1), cycle, add(2, 1), add(0, 1)],
  [add(1, 2), cycle, prune(2), add(0, 2), hubDown, prune(1), cycle],
]

it('whatever comes late, is pruned or fails: each row that was ever stored stays, once', async () => {
  const story = fc.asyncProperty(fc.array(event, { minLength: 8, maxLength: 25 }), async (events) => {
    const miner = await createTestMiner()
    const open = () => miner.open({ limits: { recheckShare: 1 } })
    try {
      let rows = 0
      const stored = new Set<string>()
      let storage = await open()
      const upload = async (): Promise<boolean> => {
        const present = miner.sourceUris()
        const { complete } = await storage.uploadData()
        if (complete) for (const uri of present) stored.add(uri)
        return complete
      }
      // No two contents are of one length: rows replaced by as many bytes in the very hour that decides are not seen.
      const insert = (hour: number): void =>
        addRows(miner.db, [{ uri: `u${++rows}${'-'.repeat(rows)}`, hour: 480_000 + hour, source: 1 + (rows % 2) }])
      insert(0)
      for (const one of events) {
        if (one.kind === 'cycle') await upload()
        else if (one.kind === 'add') for (let at = 0; at < one.count; at++) insert(one.hour)
        else if (one.kind === 'prune') {
          const oldest = 'SELECT uri FROM DataEntity ORDER BY timeBucketId, source, uri LIMIT'
          const count = Math.min(one.count, miner.sourceUris().length - 1)
          miner.db.exec(`DELETE FROM DataEntity WHERE uri IN (${oldest} ${count})`)
        } else if (one.kind === 'dial') miner.policy = s3Policy(one.to)
        else if (one.kind === 'fault') miner[one.backend].fault = one.on ? down : null
        else {
          await storage.close()
          storage = await open()
        }
      }
      miner.s3.fault = miner.hub.fault = null
      for (const [percentage, name] of [
        [100, 's3'],
        [0, 'huggingface'],
      ] as const) {
        miner.policy = s3Policy(percentage)
        let cycles = 0
        while (!(await upload()) && cycles < 5) cycles++
        const uris = await miner.uris(name)
        expect(uris).toEqual([...new Set(uris)])
        expect([...stored].filter((uri) => !uris.includes(uri))).toEqual([])
      }
    } finally {
      await miner.close()
    }
  })
  await fc.assert(story, { numRuns: 12, examples: lostOnce.map((events) => [events]) })
}, 300_000)
