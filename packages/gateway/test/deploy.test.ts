import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readSettings, variables } from '../src/settings.ts'

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8')
const template = read('deploy/sam/template.yaml')
const dockerfile = read('deploy/Dockerfile')
const guide = read('../../docs/gateway.md')
const named = (text: string): string[] => [...new Set(text.match(/\b(?:SLUICE|AWS)_[A-Z0-9_]+\b/g))]

test('every variable is in the guide, and no file names one that does not exist', () => {
  expect(variables.filter((name) => !guide.includes(`\`${name}\``))).toEqual([])
  const known = new Set(variables)
  for (const text of [template, dockerfile, guide]) {
    expect(named(text).filter((name) => !known.has(name) && !name.startsWith('SLUICE_TEST_'))).toEqual([])
  }
})

test('the guide’s environment starts a gateway', () => {
  const block = /cat > gateway\.env <<END\n(.*?)END/s.exec(guide)?.[1] ?? ''
  const environment = Object.fromEntries(
    block
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2)),
  )
  expect(readSettings(environment)).toMatchObject({ netuid: 13, trustedProxies: 1, bucket: 'my-subnet' })
})

test('template and policy file allow the same: objects below data/, and to list', () => {
  const { Statement } = JSON.parse(read('deploy/policy.json')) as {
    Statement: { Sid: string; Action: string | string[]; Resource: string }[]
  }
  const ofFile = Statement.flatMap(({ Action }) => Action)
  const policies = template.slice(template.indexOf('Policies:'), template.indexOf('Events:'))
  expect(policies.match(/s3:[A-Z][A-Za-z]+/g)).toEqual(ofFile)
  expect(ofFile.filter((action) => action.includes('*'))).toEqual([])
  const [objects, ...lists] = Statement
  expect(objects?.Resource).toMatch(/\/data\/\*$/)
  expect(lists.every(({ Action }) => String(Action).startsWith('s3:ListBucket'))).toBe(true)
})

test('an account whose concurrency cannot be reserved can be deployed to', () => {
  expect(template).toContain("ReservesConcurrency: !Not [!Equals [!Ref MaxConcurrency, '0']]")
  expect(template).toMatch(
    /ReservedConcurrentExecutions: !If \[ReservesConcurrency, !Ref MaxConcurrency, !Ref 'AWS::NoValue'\]/,
  )
})

test('the store’s own rule comes after the janitor, and pages may read the ETag', () => {
  const { Rules } = JSON.parse(read('deploy/lifecycle.json')) as {
    Rules: { AbortIncompleteMultipartUpload: { DaysAfterInitiation: number } }[]
  }
  const { uploadSeconds } = readSettings({
    SLUICE_GATEWAY_PUBLIC_URL: 'https://gateway.example.com',
    SLUICE_NETUID: '1',
    SLUICE_NETWORK: 'test',
    SLUICE_S3_BUCKET: 'b',
  }).limits
  expect(Rules[0]!.AbortIncompleteMultipartUpload.DaysAfterInitiation * 86_400).toBeGreaterThan(uploadSeconds)
  expect(template).toMatch(/AbortIncompleteMultipartUpload: \{ DaysAfterInitiation: 2 \}/)
  expect(JSON.parse(read('deploy/cors.json'))).toMatchObject({
    CORSRules: [{ ExposeHeaders: expect.arrayContaining(['ETag']) }],
  })
  expect(template).toMatch(/ExposedHeaders: \[ETag/)
})

test('the image copies only what it names, and its bases are named with a digest by who builds it', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base)
  expect(bases).toEqual([expect.stringMatching(/^\$\{BUILD_IMAGE:\?/), expect.stringMatching(/^\$\{BASE_IMAGE:\?/)])
  expect(dockerfile.match(/^ARG .*$/gm)).toEqual(['ARG BUILD_IMAGE', 'ARG BASE_IMAGE'])
  const rules = read('deploy/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(rules[0]).toBe('*')
  const back = rules.filter((rule) => rule.startsWith('!'))
  expect(back.filter((rule) => /env|pem|key|sqlite|\*\*/.test(rule))).toEqual([])
  // Later rules win: no .env comes back with a folder that does.
  expect(rules.indexOf('packages/gateway/deploy/**/*.env')).toBeGreaterThan(rules.indexOf('!packages/gateway/deploy'))
})
