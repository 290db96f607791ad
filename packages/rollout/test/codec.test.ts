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
import { modern, policies, text } from './arbitraries.ts'

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
})
