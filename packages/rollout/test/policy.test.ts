import { describe, expect, it } from 'vitest'
import {
  createPolicy,
  defaultPolicy,
  policyToJson,
  policyWarnings,
  readPolicyJson,
  RolloutError,
  splitEndpoints,
  type PolicyInput,
} from '../src/index.ts'
import { people } from './people.ts'

const withEndpoint = (authEndpoint: string): PolicyInput => ({ s3: { authEndpoint } })

describe('createPolicy', () => {
  it('is HuggingFace only and 0 % by default', () => {
    expect(defaultPolicy).toEqual({
      useS3: false,
      useHuggingFace: true,
      mode: 'fallback',
      s3: { bucketName: null, authEndpoint: null, region: 'us-east-1', endpoint: null },
      rolloutPercentage: 0,
      cohort: 'sha256-bp',
      salt: '',
      schedule: [],
      include: [],
      exclude: [],
      guard: null,
      hfSunsetBlock: null,
    })
  })

  it.each<[string, PolicyInput]>([
    ['more than 100 %', { rolloutPercentage: 100.01 }],
    ['less than 0 %', { rolloutPercentage: -1 }],
    ['three decimals', { rolloutPercentage: 1.005 }],
    ['no number', { rolloutPercentage: Number.NaN }],
    ['a bucket with capitals', { s3: { bucketName: 'Bucket' } }],
    ['a bucket like an IP address', { s3: { bucketName: '10.0.0.1' } }],
    ['a bucket with two dots', { s3: { bucketName: 'a..b' } }],
    ['a bucket that is a path', { s3: { bucketName: '../etc' } }],
    ['http to the world', withEndpoint('http://example.org')],
    ['user info', withEndpoint('https://me:secret@example.org')],
    ['a query', withEndpoint('https://example.org/?a=1')],
    ['a fragment', withEndpoint('https://example.org/#a')],
    ['another scheme', withEndpoint('file:///etc/passwd')],
    ['a lookalike of loopback', withEndpoint('http://localhost.example.org')],
    ['dot segments', withEndpoint('https://example.org/a/../b')],
    ['an escape sequence', withEndpoint('https://example.org/\u001b[31m')],
    ['an IP address in disguise', withEndpoint('https://127.1/')],
    ['a host that is none', withEndpoint('https://[::x]/')],
    ['a bad one in a list', withEndpoint('https://a.example.org,http://b.example.org')],
    ['five endpoints', withEndpoint(Array.from('abcde', (name) => `https://${name}.example.org`).join())],
    ['an empty place in a list', withEndpoint('https://a.example.org,')],
    ['a very long endpoint', withEndpoint(`https://example.org/${'a'.repeat(300)}`)],
    ['a region with spaces', { s3: { region: 'us east' } }],
    ['a long salt', { salt: 'x'.repeat(33) }],
    ['a salt beyond ASCII', { salt: 'ü' }],
    [
      'a schedule out of order',
      {
        schedule: [
          [2, 1],
          [1, 2],
        ],
      },
    ],
    [
      'a block twice',
      {
        schedule: [
          [1, 1],
          [1, 2],
        ],
      },
    ],
    ['a block that is none', { schedule: [[-1, 1]] }],
    ['a share in the schedule that is none', { schedule: [[1, 101]] }],
    ['a wrong hotkey', { include: [people.alice.replace('5G', '5H')] }],
    ['a guard that is no hotkey', { guard: 'me' }],
    ['a sunset that is no block', { hfSunsetBlock: 1.5 }],
    ['too many hotkeys', { exclude: Array.from({ length: 65 }, () => people.alice) }],
  ])('refuses %s', (_, input) => {
    expect(() => createPolicy(input)).toThrow(RolloutError)
    expect(() => createPolicy(input)).toThrow(/The policy is not valid\. \w+/)
  })

  it.each([
    'https://example.org',
    'https://example.org:8443/auth',
    'http://127.0.0.1:9000',
    'http://[::1]:1',
    'http://localhost:80a',
  ])('takes or refuses %s by the rules of URLs', (endpoint) => {
    const make = (): string | null => createPolicy(withEndpoint(endpoint)).s3.authEndpoint
    if (endpoint.endsWith('a')) expect(make).toThrow(RolloutError)
    else expect(make()).toBe(endpoint)
  })

  it('takes a list of auth endpoints, and the commas of a path for what they are', () => {
    const list = 'https://a.example.org/x,y,https://b.example.org'
    const { authEndpoint } = createPolicy(withEndpoint(list)).s3
    expect(authEndpoint).toBe(list)
    expect(splitEndpoints(list)).toEqual(['https://a.example.org/x,y', 'https://b.example.org'])
    expect(() => createPolicy({ s3: { endpoint: 'https://a.example.org,https://b.example.org' } })).toThrow(
      RolloutError,
    )
  })

  it('switches S3 off without bucket or auth endpoint, and says so', () => {
    const input = { useS3: true, s3: { bucketName: 'some-bucket' } }
    expect(createPolicy(input).useS3).toBe(false)
    expect(policyWarnings(input)).toEqual([
      'use_s3 is set but auth_endpoint is missing: S3 is off until it is published.',
    ])
    expect(policyWarnings({})).toEqual([])
  })

  it('spells hotkeys one way and lists them once', () => {
    expect(createPolicy({ include: [people.alicePolkadot, people.alice] }).include).toEqual([people.alice])
  })
})

describe('readPolicyJson', () => {
  it("reads the original's layout", () => {
    const storage = {
      use_s3: true,
      use_huggingface: true,
      s3: { bucket_name: 'data-universe-subnet', auth_endpoint: 'https://gateway.example.org/auth', region: null },
      rollout_percentage: 5,
      comment: 'not ours',
    }
    expect(readPolicyJson(storage)).toMatchObject({
      kind: 'policy',
      policy: { useS3: true, cohort: 'md5-mod100', rolloutPercentage: 5, s3: { region: 'us-east-1' } },
      warnings: ['Field comment is unknown and ignored.'],
    })
  })

  it('never fails open: a missing percentage is 0', () => {
    expect(readPolicyJson({ use_s3: true, s3: {} })).toMatchObject({ policy: { rolloutPercentage: 0, useS3: false } })
    expect(readPolicyJson({ use_huggingface: true })).toMatchObject({
      policy: { rolloutPercentage: 0, useHuggingFace: true },
    })
  })

  it('says that nothing acts on a guard yet', () => {
    expect(readPolicyJson({ v: 1, guard: people.bob })).toMatchObject({
      kind: 'policy',
      warnings: [expect.stringContaining('guard')],
    })
  })

  it('closes version 1 against typing errors', () => {
    expect(readPolicyJson({ v: 1, rollout_precentage: 5 })).toMatchObject({ kind: 'invalid' })
    expect(readPolicyJson({ v: 1, s3: { bucket: 'x' } })).toMatchObject({ kind: 'invalid' })
    expect(readPolicyJson(JSON.parse('{"v":1,"__proto__":{"use_s3":true}}'))).toMatchObject({ kind: 'invalid' })
  })

  it.each([
    [2, '2'],
    ['1', '1'],
    [null, 'object'],
    ['\u001b[31mlong version text that goes on', '?[31mlong?version?text?t'],
  ])('calls version %j unsupported', (v, version) => {
    expect(readPolicyJson({ v, use_s3: true })).toEqual({ kind: 'unsupported', version })
  })

  it.each([null, 1, 'x', [], [1], { use_s3: 'true' }, { rollout_percentage: '5' }, { rollout_percentage: 1e300 }])(
    'calls %j invalid',
    (value) => {
      expect(readPolicyJson(value)).toMatchObject({ kind: 'invalid' })
    },
  )

  it('survives a value that throws when read', () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('boo')
        },
      },
    )
    expect(readPolicyJson(trap)).toEqual({ kind: 'invalid', problem: 'storage: cannot be read' })
  })

  it('sees no policy where there is only a pointer', () => {
    expect(readPolicyJson({ v: 1, hf: 'acme/data' })).toEqual({ kind: 'absent' })
    for (const foreign of [{}, { hf: 'acme/data' }, { quota: 5 }])
      expect(readPolicyJson(foreign)).toEqual({ kind: 'absent' })
  })

  it('reads back its own canonical form', () => {
    const policy = createPolicy({ mode: 'dual', salt: 'x', schedule: [[1, 2]], guard: people.bob, hfSunsetBlock: 9 })
    expect(readPolicyJson(policyToJson(policy))).toMatchObject({ kind: 'policy', policy })
    expect(Object.keys(policyToJson(policy)).slice(0, 3)).toEqual(['v', 'use_s3', 'use_huggingface'])
  })
})
