import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPolicy, decodePointer, decodePolicy, encodePolicy, type CommitmentField } from '../src/index.ts'
import { bigRaw, modern, policies, raw } from './arbitraries.ts'

const s3 = { bucketName: 'data-universe-subnet', authEndpoint: 'https://gateway.example.org/auth' }
const compact = 'sluice|1|shf|5|bp|data-universe-subnet|us-east-1|your-api-gateway-url.amazonaws.com/auth|gSqGV1'

/** Park-Miller: the same 100,000 inputs in every run, much faster than a property. */
const randomBytes = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state & 255
  }
}

describe('random input', () => {
  it('100,000 random byte strings are no policy and no pointer', () => {
    const next = randomBytes(20_261_120)
    for (let i = 0; i < 100_000; i++) {
      const bytes = Uint8Array.from({ length: next() % 129 }, next)
      const fields: CommitmentField[] = [{ kind: 'raw', bytes }]
      if (decodePolicy(fields).kind !== 'absent' || decodePointer(fields) !== null) throw new Error(bytes.join())
    }
  })

  it('100,000 random byte strings behind our own magic are no policy', () => {
    const next = randomBytes(7)
    for (let i = 0; i < 100_000; i++) {
      const tail = String.fromCharCode(...Array.from({ length: next() % 100 }, () => 32 + (next() % 95)))
      const decoding = decodePolicy([raw(`sluice|1|${tail}`)])
      if (decoding.kind !== 'invalid') throw new Error(tail)
    }
  })

  it('100,000 changed compact records are no policy', () => {
    const next = randomBytes(99)
    const good = new TextEncoder().encode(compact)
    expect(decodePolicy([{ kind: 'raw', bytes: good }]).kind).toBe('policy')
    for (let i = 0; i < 100_000; i++) {
      const bytes = good.slice(0, next() % 8 === 0 ? next() % good.length : good.length)
      const flips = 1 + (next() % 3)
      for (let flip = 0; flip < flips && bytes.length > 0; flip++) {
        const at = (next() * 256 + next()) % bytes.length
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (next() % 8))
      }
      const same = bytes.length === good.length && bytes.every((byte, at) => byte === good[at])
      const { kind } = decodePolicy([{ kind: 'raw', bytes }])
      if (!same && kind === 'policy') throw new Error(String.fromCharCode(...bytes))
    }
  })

  it('20,000 changed JSON records never crash, and what passes is a valid policy', () => {
    const next = randomBytes(5)
    const policy = createPolicy({ useS3: true, s3, schedule: [[10, 5]], rolloutPercentage: 1 })
    const field = encodePolicy(policy, [], modern).fields[0]
    const good = field?.kind === 'bigRaw' ? field.bytes : new Uint8Array()
    for (let i = 0; i < 20_000; i++) {
      const bytes = good.slice()
      bytes[(next() * 256 + next()) % bytes.length] = next()
      const decoding = decodePolicy([{ kind: 'bigRaw', bytes }])
      if (decoding.kind === 'policy') expect(createPolicy(decoding.policy)).toEqual(decoding.policy)
    }
  })

  it('any fields at all are read without an error', () => {
    const bytes = fc.uint8Array({ maxLength: 600 })
    const field: fc.Arbitrary<CommitmentField> = fc.oneof(
      fc.record({ kind: fc.constantFrom('raw' as const, 'bigRaw' as const), bytes }),
      fc.record({ kind: fc.constant('foreign' as const), type: fc.string(), scale: bytes }),
      fc.json().map((text) => bigRaw(`{"storage":${text}}`)),
      policies.map((policy) => encodePolicy(policy, [], { ...modern, maxFields: 40 }).fields[0] ?? raw('')),
    )
    fc.assert(
      fc.property(fc.array(field, { maxLength: 5 }), (fields) => {
        decodePolicy(fields)
        decodePointer(fields)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('hostile input', () => {
  it.each([
    ['a key twice', '{"storage":{"v":1,"use_s3":false,"use_s3":true}}'],
    ['two storages', '{"storage":{"v":1},"storage":{"v":1,"use_s3":true}}'],
    ['deep nesting', `{"storage":${'['.repeat(400)}`],
    ['a huge number', '{"storage":{"v":1,"rollout_percentage":1e999}}'],
    ['a huge block', '{"storage":{"v":1,"hf_sunset_block":99999999999}}'],
    ['a prototype', '{"storage":{"v":1,"__proto__":{"use_s3":true}}}'],
    ['a list for storage', '{"storage":[]}'],
    ['a cut-off record', '{"storage":{"v":1,"use_s3":tr'],
    ['a lone version', '{"storage":7}'],
  ])('%s is invalid', (_, text) => {
    expect(decodePolicy([bigRaw(text)])).toMatchObject({ kind: 'invalid' })
  })

  it('two policies in one commitment are invalid', () => {
    expect(decodePolicy([raw(compact), bigRaw('{"storage":{"v":1,"use_s3":false}}')])).toEqual({
      kind: 'invalid',
      problem: 'the commitment holds more than one policy',
    })
  })

  it('a compact record that is sealed but not canonical is invalid', async () => {
    const { createHash } = await import('node:crypto')
    const sealed = (text: string): CommitmentField =>
      raw(`${text}|${createHash('sha256').update(text).digest('base64url').slice(0, 6)}`)
    for (const text of [
      'sluice|1|shf|05|bp|data-universe-subnet|us-east-1|example.org',
      'sluice|1|shf|5.0|bp|data-universe-subnet|us-east-1|example.org',
      'sluice|1|shf|5|bp|data-universe-subnet|us-east-1|https://example.org',
      'sluice|1|shf|5|bp||us-east-1|example.org',
      'sluice|1|shf||bp|data-universe-subnet|us-east-1|example.org',
      'sluice|1|xhf|5|bp|data-universe-subnet|us-east-1|example.org',
      'sluice|1|shf|5|bp|data-universe-subnet|us-east-1|example.org|more',
      'sluice|1|shf|5|bp|data-universe-subnet|us-east-1|user@example.org',
      'sluice|1|hf|../x',
    ]) {
      expect(decodePolicy([sealed(text)]), text).toMatchObject({ kind: 'invalid' })
    }
    expect(decodePolicy([sealed('sluice|1|shf|5|bp|data-universe-subnet|us-east-1|example.org')]).kind).toBe('policy')
  })

  it('a policy of another account in the same commitment type is not special: text of others is absent', () => {
    for (const text of ['', ' ', '{', '{}', '{"a":1}', 'sluice', 'sluice|', 'sluice|x|', 'hello', '\u0000']) {
      expect(decodePolicy([raw(text)]), text).toEqual({ kind: 'absent' })
    }
  })
})
