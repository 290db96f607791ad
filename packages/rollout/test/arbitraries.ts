import { addressOf } from '@sluice/hotkey'
import * as fc from 'fast-check'
import { createPolicy, type CommitmentField, type CommitmentLimits, type Policy } from '../src/index.ts'

/** Limits of spec 293 and of a runtime before BigRaw. */
export const modern: CommitmentLimits = { maxFields: 3, maxRawBytes: 128, maxBigRawBytes: 512 }
export const old: CommitmentLimits = { maxFields: 1, maxRawBytes: 128, maxBigRawBytes: null }

export const raw = (text: string): CommitmentField => ({ kind: 'raw', bytes: new TextEncoder().encode(text) })
export const bigRaw = (text: string): CommitmentField => ({ kind: 'bigRaw', bytes: new TextEncoder().encode(text) })
export const text = (field: CommitmentField): string =>
  new TextDecoder().decode(field.kind === 'foreign' ? field.scale : field.bytes)

export const hotkeys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(addressOf)
export const percentages = fc.integer({ min: 0, max: 10_000 }).map((bp) => bp / 100)
const blocks = fc.integer({ min: 0, max: 0xffff_ffff })
const schedules = fc
  .uniqueArray(fc.tuple(blocks, percentages), { maxLength: 8, selector: ([block]) => block })
  .map((steps) => steps.sort(([a], [b]) => a - b))
const endpoint = fc.constantFrom(
  null,
  'https://gateway.example.org/auth',
  'http://127.0.0.1:8080',
  'https://x.example:8443/a/b',
)

/** Any valid policy. */
export const policies: fc.Arbitrary<Policy> = fc
  .record({
    useS3: fc.boolean(),
    useHuggingFace: fc.boolean(),
    mode: fc.constantFrom('fallback' as const, 'dual' as const, 'shadow' as const),
    s3: fc.record({
      bucketName: fc.constantFrom(null, 'data-universe-subnet', 'a.b-c', '0x0'),
      authEndpoint: endpoint,
      region: fc.constantFrom('us-east-1', 'eu-central-1', 'auto'),
      endpoint,
    }),
    rolloutPercentage: percentages,
    cohort: fc.constantFrom('md5-mod100' as const, 'sha256-bp' as const),
    salt: fc.string({ maxLength: 32, unit: 'grapheme-ascii' }),
    schedule: schedules,
    include: fc.uniqueArray(hotkeys, { maxLength: 4 }),
    exclude: fc.uniqueArray(hotkeys, { maxLength: 4 }),
    guard: fc.option(hotkeys),
    hfSunsetBlock: fc.option(blocks),
  })
  .map(createPolicy)
