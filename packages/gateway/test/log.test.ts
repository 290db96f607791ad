import { expect, test } from 'vitest'
import { createLog, safeText } from '../src/log.ts'
import { content, miner, openScene, outside } from './scene.ts'

test('the log tells the life of an upload, and why a request was refused', async () => {
  const lines: Record<string, unknown>[] = []
  const log = createLog('info', {
    write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]),
  })
  let now = Date.now()
  await using scene = await openScene({ log, now: () => now })
  const client = scene.as(miner)
  const open = async (key: string): Promise<{ upload_id: string; key: string }> => {
    const init = { key, bytes: 5, part_size: 5, checksum: 'none' }
    const { json } = await client.send('POST', '/uploads/multipart/init', init)
    return { upload_id: json['upload_id'] as string, key }
  }
  const upload = await open('a')
  const ask = { ...upload, parts: [{ part_number: 1, bytes: 5 }] }
  const { json } = await client.send('POST', '/uploads/multipart/part-url', ask)
  const [signed] = json['parts'] as { url: string }[]
  const sent = await fetch(signed!.url, { method: 'PUT', body: content(5) })
  now += 7_000
  const parts = [{ part_number: 1, etag: sent.headers.get('etag') }]
  expect((await client.send('POST', '/uploads/multipart/complete', { ...upload, parts })).status).toBe(200)
  // The same answer again is no second upload.
  expect((await client.send('POST', '/uploads/multipart/complete', { ...upload, parts })).status).toBe(200)
  const other = await open('b')
  await client.send('DELETE', `/uploads/multipart/abort?upload_id=${other.upload_id}&key=b`)
  await scene.as(outside).send('POST', '/uploads/url', { key: 'c', bytes: 1 })

  const hotkey = miner.address
  const key = `data/hotkey=${hotkey}/a`
  const events = lines.filter(({ msg }) => msg !== 'request')
  expect(events).toMatchObject([
    { msg: 'upload opened', hotkey, key, bytes: 5, maxParts: 1 },
    { msg: 'upload completed', hotkey, key, bytes: 5, parts: 1, seconds: 7 },
    { msg: 'upload opened', hotkey, bytes: 5, maxParts: 1 },
    { msg: 'upload aborted', hotkey, key: `data/hotkey=${hotkey}/b`, bytes: 5 },
  ])
  const requests = lines.filter(({ msg }) => msg === 'request')
  expect(requests.at(-1)).toMatchObject({ status: 403, code: 'NOT_IN_COHORT', hotkey: outside.address })
  expect(requests.slice(0, -1).filter((line) => 'code' in line)).toEqual([])
})

const mnemonic = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'

test.each([
  ['a HuggingFace token', 'failed for hf_AbCdEfGhIjKlMnOpQrSt now', 'hf_AbC'],
  ['a bearer token', 'header Authorization: Bearer eyJhbGciOi.J9-_x.yz', 'eyJ'],
  ['basic credentials', 'authorization=Basic dXNlcjpwYXNz', 'dXNl'],
  ['an API key in a query', 'GET https://node.example/rpc?apikey=1f3870be274f6c49', '1f38'],
  ['another spelling', 'wss://node.example/?x=1&api_key=abc', 'abc'],
  ['a token in JSON', '{"access_token":"s3cr3t","n":1}', 's3cr3t'],
  ['a password', 'password: hunter2', 'hunter2'],
  ['a password in a URL', 'redis://user:hunter2@redis', 'hunter2'],
  ['a mnemonic', `cannot use ${mnemonic} here`, 'curtain'],
  ['a mnemonic over lines', mnemonic.split(' ').join('\n'), 'curtain'],
  ['a mnemonic in capitals', mnemonic.toUpperCase(), 'CURTAIN'],
  ['a seed', `0x${'ab'.repeat(32)}`, 'abab'],
  ['a presigned query', 'https://s3/x?X-Amz-Signature=0123abcd&X-Amz-Date=1', '0123abcd'],
])('the log never tells %s', (_, text, secret) => {
  expect(safeText(text)).not.toContain(secret)
})

test('a text steers no terminal and turns no line', () => {
  const marks = [
    '\u0007',
    '\u001b[2J',
    '\r\n',
    '\u200e',
    '\u202e',
    '\u2066',
    '\u2067',
    '\u2068',
    '\u2069',
    '\u2028',
    '\ufeff',
  ]
  for (const mark of marks) expect(safeText(`a${mark}b`)).not.toContain(mark)
})

test('what is no secret stays', () => {
  const text =
    'the store asks for fewer requests and the next one is sent again after two seconds, part 3 of data/hotkey=5F/x'
  expect(safeText(text)).toBe(text)
})
