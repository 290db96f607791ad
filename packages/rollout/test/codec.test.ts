import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createPolicy,
  decodePolicy,
  encodePolicy,
  decodePointer,
  encodePointer,
  type CommitmentField,
} from '../src/index.ts'
import { modern, policies, raw, text } from './arbitraries.ts'

const guide = createPolicy({
  useS3: true,
  s3: { bucketName: 'data-universe-subnet', authEndpoint: 'https://your-api-gateway-url.amazonaws.com/auth' },
  rolloutPercentage: 5,
})

describe('compact', () => {
  it("writes the guide's example as one ASCII Raw field", () => {
    const { fields, encoding, bytes } = encodePolicy(guide, [], modern)
    expect(encoding).toBe('compact')
    expect(fields.map(text)).toEqual([
      'sluice|1|shf|5|bp|data-universe-subnet|us-east-1|your-api-gateway-url.amazonaws.com/auth|gSqGV1',
    ])
    expect(bytes).toBe(fields[0]?.kind === 'raw' ? fields[0].bytes.length : -1)
    expect(decodePolicy(fields)).toEqual({ kind: 'policy', policy: guide, encoding: 'compact', warnings: [] })
  })
})

describe('round trip', () => {
  it('gives back every policy', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const { fields } = encodePolicy(policy, [], { ...modern, maxFields: 40 })
        expect(decodePolicy(fields)).toMatchObject({ kind: 'policy', policy })
      }),
      { numRuns: 500 },
    )
  })

  it('keeps foreign fields and the pointer', () => {
    const foreign: CommitmentField = {
      kind: 'foreign',
      type: 'Sha256',
      scale: Uint8Array.from({ length: 33 }, () => 131),
    }
    const pointed = encodePointer('acme/data', [foreign], modern)
    const both = encodePolicy(guide, pointed.fields, modern)
    expect(both.fields[0]).toEqual(foreign)
    expect(decodePointer(both.fields)).toBe('acme/data')
    expect(decodePolicy(both.fields)).toMatchObject({ kind: 'policy', policy: guide })
  })

  it('keeps whatever others have in the commitment, in order, and the pointer, for any policy', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((all) => Uint8Array.from([120, ...all]))
    const foreign: fc.Arbitrary<CommitmentField> = fc.oneof(
      bytes.map((scale) => ({ kind: 'foreign' as const, type: 'Sha256', scale })),
      bytes.map((content) => ({ kind: 'raw' as const, bytes: content })),
      fc.constant(raw('{"a":1}')),
    )
    const wide = { ...modern, maxFields: 40 }
    fc.assert(
      fc.property(
        fc.array(foreign, { maxLength: 3 }),
        policies,
        policies,
        fc.boolean(),
        (others, first, second, late) => {
          const pointed = late ? others : encodePointer('acme/data', others, wide).fields
          const once = encodePolicy(first, pointed, wide)
          const both = late ? encodePointer('acme/data', once.fields, wide).fields : once.fields
          const { fields } = encodePolicy(second, both, wide)
          expect(fields.filter((field) => others.includes(field))).toEqual(others)
          expect(decodePointer(fields)).toBe('acme/data')
          expect(decodePolicy(fields)).toMatchObject({ kind: 'policy', policy: second })
        },
      ),
      { numRuns: 500 },
    )
  })
})
