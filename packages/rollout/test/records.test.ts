import { describe, expect, it } from 'vitest'
import {
  createPolicy,
  decodePointer,
  decodePolicy,
  encodePointer,
  encodePolicy,
  RolloutError,
  type CommitmentField,
} from '../src/index.ts'
import { bigRaw, modern, old, raw, text } from './arbitraries.ts'
import { people } from './people.ts'

const s3 = { bucketName: 'data-universe-subnet', authEndpoint: 'https://gateway.example.org/auth' }
const small = createPolicy({ useS3: true, s3, rolloutPercentage: 5 })
const scheduled = createPolicy({ useS3: true, s3, schedule: [[100, 50]] })
const large = createPolicy({ useS3: true, s3, include: Object.values(people), exclude: [people.ferdie] })
const hash: CommitmentField = { kind: 'foreign', type: 'Sha256', scale: Uint8Array.from({ length: 33 }, () => 131) }
const gitHash = raw('0f9c3b2a:main')
const policyOf = (fields: readonly CommitmentField[]): unknown => {
  const decoding = decodePolicy(fields)
  return decoding.kind === 'policy' ? decoding.policy : decoding
}

describe('choice of encoding', () => {
  it('is compact when the policy fits and field 0 is free or ours', () => {
    expect(encodePolicy(small, [], modern).encoding).toBe('compact')
    expect(encodePolicy(small, encodePolicy(scheduled, [], modern).fields, modern).encoding).toBe('compact')
    expect(encodePolicy(small, [], old).encoding).toBe('compact')
    expect(encodePolicy(small, [{ kind: 'foreign', type: 'None', scale: new Uint8Array(1) }], old).fields).toHaveLength(
      1,
    )
  })

  it('is JSON when the policy says more, or field 0 belongs to others', () => {
    const { encoding, fields } = encodePolicy(scheduled, [], modern)
    expect([encoding, fields.map((field) => field.kind)]).toEqual(['json', ['bigRaw']])
    expect(text(fields[0] as CommitmentField)).toBe(
      '{"storage":{"v":1,"use_s3":true,"use_huggingface":true,"s3":{"bucket_name":"data-universe-subnet",' +
        '"auth_endpoint":"https://gateway.example.org/auth","region":"us-east-1"},"rollout_percentage":0,' +
        '"cohort":"sha256-bp","schedule":[[100,50]]}}',
    )
    const beside = encodePolicy(small, [gitHash], modern)
    expect(beside.encoding).toBe('json')
    expect(beside.fields[0]).toEqual(gitHash)
    expect(policyOf(beside.fields)).toEqual(small)
  })

  it('goes on over further fields', () => {
    const { fields } = encodePolicy(large, [hash], modern)
    expect(fields.map((field) => field.kind)).toEqual(['foreign', 'bigRaw', 'bigRaw'])
    expect(policyOf(fields)).toEqual(large)
    const inRaw = encodePolicy(scheduled, [], { maxFields: 3, maxRawBytes: 128, maxBigRawBytes: null })
    expect(inRaw.fields.map((field) => field.kind)).toEqual(['raw', 'raw', 'raw'].slice(0, inRaw.fields.length))
    expect(policyOf(inRaw.fields)).toEqual(scheduled)
  })

  it.each([
    ['lists too long', large, [hash, hash], modern],
    ['no room at all', small, [hash, hash, hash], modern],
    ['an old runtime and a schedule', scheduled, [], old],
    ['an old runtime and a foreign field', small, [gitHash], old],
  ] as const)('refuses %s', (_, policy, current, limits) => {
    const encode = (): unknown => encodePolicy(policy, current, limits)
    expect(encode).toThrow(RolloutError)
    expect(encode).toThrow(/needs \d+ bytes at least.*Shorten the policy/)
  })

  it('checks the policy first', () => {
    expect(() => encodePolicy({ ...small, rolloutPercentage: 101 }, [], modern)).toThrow(/rollout_percentage/)
  })
})

describe('what is kept', () => {
  it('other top-level keys, bit for bit', () => {
    const current = [bigRaw('{"zeta":1.50,"storage":{"use_s3":false},"other":{"a":[1e3,"\\u0041"]}}')]
    const { fields, encoding } = encodePolicy(small, current, modern)
    expect(encoding).toBe('json')
    expect(text(fields[0] as CommitmentField)).toMatch(
      /^\{"storage":\{.*\},"zeta":1\.50,"other":\{"a":\[1e3,"\\u0041"\]\}\}$/,
    )
    expect(policyOf(fields)).toEqual(small)
  })

  it("other people's JSON and text", () => {
    for (const field of [raw('{"hello":"world"}'), raw('{broken'), bigRaw('plain'), raw(''), raw('\u00fc|')]) {
      const { fields } = encodePolicy(small, [field, hash], modern)
      expect(fields.slice(0, 2)).toEqual([field, hash])
      expect(policyOf(fields)).toEqual(small)
    }
  })

  it('the pointer beside a policy and the policy beside a pointer, in every encoding', () => {
    for (const policy of [small, scheduled, large]) {
      const pointed = encodePointer('acme/first', encodePolicy(policy, [], modern).fields, modern)
      expect(policyOf(pointed.fields)).toEqual(policy)
      const moved = encodePointer('acme/second', pointed.fields, modern)
      expect([policyOf(moved.fields), decodePointer(moved.fields)]).toEqual([policy, 'acme/second'])
      const changed = encodePolicy(small, moved.fields, modern)
      expect([policyOf(changed.fields), decodePointer(changed.fields)]).toEqual([small, 'acme/second'])
    }
  })

  it('a policy of newer software when the pointer changes', () => {
    const newer = bigRaw('{"storage":{"v":2,"magic":[1,2],"hf":"acme/old"},"x":1}')
    const { fields } = encodePointer('acme/new', [newer], modern)
    expect(text(fields[0] as CommitmentField)).toBe('{"storage":{"v":2,"magic":[1,2],"hf":"acme/new"},"x":1}')
    const compact = encodePointer('acme/new', [raw('sluice|2|whatever')], modern)
    expect(compact.fields[0]).toEqual(raw('sluice|2|whatever'))
    expect(decodePolicy(compact.fields)).toEqual({ kind: 'unsupported', version: '2' })
    expect(decodePointer(compact.fields)).toBe('acme/new')
  })

  it('moves the pointer out of JSON when it does not fit there', () => {
    const policy = encodePolicy(scheduled, [], modern)
    const tight = { ...modern, maxBigRawBytes: policy.bytes + 5, maxFields: 2, maxRawBytes: 128 }
    const { fields } = encodePointer(`acme/${'x'.repeat(80)}`, policy.fields, {
      ...tight,
      maxBigRawBytes: policy.bytes,
    })
    expect(fields.length).toBe(2)
    expect(policyOf(fields)).toEqual(scheduled)
    expect(policyOf(encodePolicy(scheduled, fields, tight).fields)).toEqual(scheduled)
  })
})

describe('pointer', () => {
  it('is compact on its own and survives an old runtime', () => {
    const { fields, encoding } = encodePointer('acme/data', [], old)
    expect([encoding, fields.map(text)]).toEqual(['compact', ['sluice|1|hf|acme/data|ijPgLv']])
    expect(decodePointer(fields)).toBe('acme/data')
    expect(decodePolicy(fields)).toEqual({ kind: 'absent' })
  })

  it('is read from JSON', () => {
    expect(decodePointer([hash, bigRaw('{"storage":{"v":1,"hf":"acme/data"}}')])).toBe('acme/data')
    expect(decodePointer([bigRaw('{"storage":{"v":1,"hf":"../../etc"}}')])).toBeNull()
    expect(decodePointer([])).toBeNull()
  })

  it('keeps one place: the new one', () => {
    const json = [bigRaw('{"storage":{"v":1,"hf":"acme/old"}}')]
    const { fields } = encodePointer('acme/new', json, modern)
    expect([fields.length, decodePointer(fields)]).toEqual([1, 'acme/new'])
    const full = encodePointer('acme/newer', [hash, hash, ...json], modern)
    expect([full.fields.length, decodePointer(full.fields)]).toEqual([3, 'acme/newer'])
  })

  it.each([
    'acme',
    'acme/',
    '/data',
    'a/b/c',
    '../x',
    'acme/da ta',
    'acme/x.git',
    'a/--',
    `acme/${'x'.repeat(96)}`,
    'acme/x\u001b',
  ])('refuses %j', (repository) => {
    expect(() => encodePointer(repository, [], modern)).toThrow(RolloutError)
  })

  it('refuses when the commitment is full', () => {
    expect(() => encodePointer('acme/data', [hash, hash, hash], modern)).toThrow(/free the commitment/)
  })
})
