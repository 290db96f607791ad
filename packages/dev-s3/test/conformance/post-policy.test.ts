import { describe, expect, test } from 'vitest'
import { amzDate, hmacHex, keyOf, scopeOf } from './signer.ts'
import { type Answer, exchange, useTarget } from './target.ts'

const target = useTarget()

interface Form {
  readonly fields?: Readonly<Record<string, string>>
  /** Added to the form after the policy was made. */
  readonly extra?: Readonly<Record<string, string>>
  readonly conditions?: readonly unknown[]
  readonly expiresInSeconds?: number
  readonly file?: string | Uint8Array
  readonly secretAccessKey?: string
}

/** Posts a form as a browser does, with a policy over its fields. */
function post(form: Form): Promise<Answer> {
  const { url, bucket, signing } = target.current
  const used = { ...signing, secretAccessKey: form.secretAccessKey ?? signing.secretAccessKey }
  const fields: Record<string, string> = {
    key: 'posted/file',
    ...form.fields,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${used.accessKeyId}/${scopeOf(used)}`,
    'x-amz-date': amzDate(used.date),
  }
  const own = Object.entries(fields)
    .filter(([name]) => name.startsWith('x-amz-'))
    .map(([name, value]) => ({ [name]: value }))
  const conditions = [{ bucket }, ...own, ...(form.conditions ?? [['starts-with', '$key', 'posted/']])]
  const expiration = new Date(Date.now() + (form.expiresInSeconds ?? 60) * 1000).toISOString()
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
  const all = { ...fields, ...form.extra, policy, 'x-amz-signature': hmacHex(keyOf(used), policy) }
  const boundary = '----suite-boundary'
  const heads = Object.entries(all).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const fileHead = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="up.txt"\r\nContent-Type: text/plain\r\n\r\n`
  const body = Buffer.concat([
    Buffer.from(heads.join('') + fileHead),
    Buffer.from(form.file ?? 'hello'),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  return exchange(url, 'POST', `/${bucket}`, { 'content-type': `multipart/form-data; boundary=${boundary}` }, body)
}
const outcome = (answer: Answer): [number, string] => [answer.status, answer.code]

describe('POST policy', () => {
  test('a form within its policy is stored', async () => {
    const answer = await post({ fields: { key: 'posted/a=b' } })
    expect(outcome(answer)).toEqual([204, ''])
    expect((await target.current.send({ key: 'posted/a=b' })).text).toBe('hello')
  })
  test('${filename} is the name of the file', async () => {
    await post({ fields: { key: 'posted/${filename}' } })
    expect((await target.current.send({ key: 'posted/up.txt' })).text).toBe('hello')
  })
  test('a file with line ends and boundary-like text arrives unchanged', async () => {
    const file = Buffer.concat([
      Buffer.from('\r\n--\r\n----suite-boundar\r\n'),
      Buffer.alloc(300_000, 13),
      Buffer.from('\r\n'),
    ])
    await post({ fields: { key: 'posted/odd' }, file })
    expect((await target.current.send({ key: 'posted/odd' })).body.equals(file)).toBe(true)
  })
  test('success_action_status 201', async () => {
    const form = { extra: { success_action_status: '201' } }
    const conditions = [
      ['starts-with', '$key', ''],
      ['eq', '$success_action_status', '201'],
    ]
    expect((await post({ ...form, conditions })).status).toBe(201)
  })
  test.each([
    ['a key outside starts-with', { fields: { key: 'elsewhere' } }, 403, 'AccessDenied'],
    ['eq that does not hold', { conditions: [['eq', '$key', 'posted/other']] }, 403, 'AccessDenied'],
    ['an expired policy', { expiresInSeconds: -5 }, 403, 'AccessDenied'],
    ['a field without a condition', { extra: { 'x-amz-meta-a': '1' } }, 403, 'AccessDenied'],
    [
      'a file that is too large',
      {
        conditions: [
          ['starts-with', '$key', ''],
          ['content-length-range', 1, 4],
        ],
      },
      400,
      'EntityTooLarge',
    ],
    [
      'a file that is too small',
      {
        conditions: [
          ['starts-with', '$key', ''],
          ['content-length-range', 9, 99],
        ],
      },
      400,
      'EntityTooSmall',
    ],
  ])('%s is refused', async (name, form, status, code) => {
    const key = `posted/${name}`
    expect(outcome(await post({ fields: { key }, ...form }))).toEqual([status, code])
    expect((await target.current.send({ key })).status).toBe(404)
  })
  test('a wrong secret is refused', async () => {
    const code = target.current.isDevnet ? 'SignatureDoesNotMatch' : 'AccessDenied'
    expect(outcome(await post({ secretAccessKey: 'wrong' }))).toEqual([403, code])
  })
  test('a length within the range passes at both ends', async () => {
    for (const file of ['12', '1234']) {
      const conditions = [
        ['starts-with', '$key', ''],
        ['content-length-range', 2, 4],
      ]
      expect((await post({ file, conditions })).status).toBe(204)
    }
  })
  test('metadata and type of the form come back', async () => {
    const fields = { key: 'posted/meta', 'content-type': 'a/b', 'x-amz-meta-a': '1' }
    const conditions = [
      ['starts-with', '$key', ''],
      ['starts-with', '$content-type', 'a/'],
    ]
    expect((await post({ fields, conditions })).status).toBe(204)
    const head = await target.current.send({ method: 'HEAD', key: 'posted/meta' })
    expect([head.headers['content-type'], head.headers['x-amz-meta-a']]).toEqual(['a/b', '1'])
  })
})
