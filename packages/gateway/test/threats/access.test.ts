/** T5 to T7, T18, T21: who may reach what. docs/threats.md says how each was proven. */
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { adoptedKey, ownKey, ownPrefix } from '../../src/keys.ts'
import { content, excluded, miner, openScene, other, outside, type Scene, stranger, validator } from '../scene.ts'

const MiB = 1024 * 1024
let scene: Scene
beforeAll(async () => {
  scene = await openScene({
    limits: { perAddress: { burst: 1e6, perSecond: 1e6 }, openUploads: 3, openBytes: 100 * MiB },
  })
})
afterAll(async () => await scene[Symbol.asyncDispose]())

const init = { key: 'a', bytes: 6 * MiB, part_size: 5 * MiB }

describe('T5 foreign prefixes', () => {
  test.each([
    '..',
    '../x',
    'a/../../x',
    'a/..',
    './a',
    'a//b',
    '/a',
    'a/',
    '',
    '%2e%2e/x',
    '..%2fx',
    '%00',
    'a\u0000b',
    'a\nb',
    'a*',
    'a?',
    'a#b',
    'a\\b',
    '\u2024\u2024/x',
    '\uff0e\uff0e/x',
    'ａ',
    'é',
    '\u202e',
    ' a',
    'a ',
    'a/ ',
    'a'.repeat(961),
    `a/${'b'.repeat(256)}`,
    '${filename}',
    'a:b',
  ])('the key %j is refused', (key) => {
    expect(() => ownKey(miner.address, key)).toThrow(GatewayError)
  })

  test('any key that is accepted lies below the signer’s prefix, as text and as a path', () => {
    const parts = fc.array(
      fc.constantFrom('..', '.', '/', '%2e', 'a', '=', 'data', 'hotkey=', other.address, '\\', '\u0000', ' '),
    )
    const prefix = `data/hotkey=${miner.address}/`
    for (const make of [ownKey, ownPrefix, adoptedKey]) {
      fc.assert(
        fc.property(
          fc.oneof(
            fc.string(),
            parts.map((all) => all.join('')),
          ),
          (relative) => {
            let key: string
            try {
              key = make(miner.address, relative)
            } catch (error) {
              expect(GatewayError.is(error)).toBe(true)
              return
            }
            expect(key.startsWith(prefix)).toBe(true)
            expect(decodeURIComponent(new URL(`https://x/${key}`).pathname).startsWith(`/${prefix}`)).toBe(true)
          },
        ),
        { numRuns: 3000 },
      )
    }
  })

  test('the key of the URL’s path is decoded once and checked like any other', async () => {
    for (const rest of ['../x', '%2e%2e/x', '%252e%252e/x', '..%2f..%2fx', 'a%00', 'a%', '%ff']) {
      expect(await scene.codeOf(miner, 'GET', `/uploads/stat/${rest}`)).toBe('BAD_REQUEST')
    }
  })

  test('another’s whole key lands below one’s own prefix', () => {
    const foreign = `data/hotkey=${other.address}/x`
    expect(adoptedKey(miner.address, foreign)).toBe(`data/hotkey=${miner.address}/${foreign}`)
    expect(adoptedKey(other.address, foreign)).toBe(foreign)
  })
})

describe('T6 foreign uploads', () => {
  test('nobody else can sign, list, complete or abort an upload; nor can its owner under another key', async () => {
    const { json } = await scene.as(miner).send('POST', '/uploads/multipart/init', init)
    const { upload_id } = json as { upload_id: string }
    const tries = (key: string): readonly (readonly [string, string, unknown?])[] => {
      const query = `upload_id=${encodeURIComponent(upload_id)}&key=${key}`
      return [
        [
          'POST',
          '/uploads/multipart/part-url',
          { upload_id, key, parts: [{ part_number: 1, bytes: 5 * MiB, checksum_crc32: 'AAAAAA==' }] },
        ],
        ['GET', `/uploads/multipart/parts?${query}`],
        [
          'POST',
          '/uploads/multipart/complete',
          {
            upload_id,
            key,
            parts: [
              { part_number: 1, etag: 'a' },
              { part_number: 2, etag: 'b' },
            ],
          },
        ],
        ['DELETE', `/uploads/multipart/abort?${query}`],
      ]
    }
    for (const [method, target, body] of tries('a'))
      expect(await scene.codeOf(other, method, target, body)).toBe('NO_SUCH_UPLOAD')
    for (const [method, target, body] of tries('b'))
      expect(await scene.codeOf(miner, method, target, body)).toBe('NO_SUCH_UPLOAD')
    expect((await scene.as(other).send('GET', '/uploads/multipart/list')).json['uploads']).toEqual([])
    const [, , , mine] = tries('a')
    expect(await scene.codeOf(miner, mine![0], mine![1])).toBe(204)
  })
})

describe('T7 roles', () => {
  test('registered, in the cohort, not excluded; each refusal says why', async () => {
    const open = async (hotkey: typeof miner): Promise<[unknown, string | undefined]> => {
      const { json } = await scene.as(hotkey).send('POST', '/uploads/url', { key: 'a', bytes: 1 })
      return [json.error?.code, json.error?.message]
    }
    expect(await open(stranger)).toEqual([
      'NOT_REGISTERED',
      expect.stringContaining('no UID in this subnet at block 100'),
    ])
    expect(await open(excluded)).toEqual(['EXCLUDED', expect.stringContaining('excluded')])
    expect(await open(outside)).toEqual(['NOT_IN_COHORT', expect.stringContaining('slot 77 of 100')])
    expect((await open(miner))[0]).toBeUndefined()
  })

  test('only a validator reads what is not its own', async () => {
    for (const [target, body] of [
      ['/reads/list', { hotkey: other.address }],
      ['/reads/urls', { hotkey: other.address, keys: ['a'] }],
    ] as const) {
      expect(await scene.codeOf(miner, 'POST', target, body)).toBe('NO_PERMIT')
      expect(await scene.codeOf(stranger, 'POST', target, body)).toBe('NOT_REGISTERED')
      expect(await scene.codeOf(validator, 'POST', target, body)).toBe(200)
    }
    expect(await scene.codeOf(validator, 'POST', '/reads/urls', { hotkey: other.address, keys: ['../x'] })).toBe(
      'BAD_REQUEST',
    )
    expect(await scene.codeOf(validator, 'POST', '/reads/list', { hotkey: `${other.address.slice(0, -1)}z` })).toBe(
      'BAD_REQUEST',
    )
  })

  test('a validator may be asked for a stake as well; one that is not known is not enough', async () => {
    await using scene = await openScene({ minValidatorStake: 1000 })
    const before = scene.subnet.standings.get(validator.address)!
    for (const [stake, status] of [
      [null, 403],
      [999.9, 403],
      [1000, 200],
    ] as const) {
      scene.subnet.standings.set(validator.address, { ...before, stake })
      const reply = await scene.as(validator).send('POST', '/reads/list', { hotkey: miner.address })
      expect([stake, reply.status]).toEqual([stake, status])
    }
    // Stake without a permit is nothing.
    scene.subnet.standings.set(validator.address, { ...before, stake: 1e6, validatorPermit: false })
    const { json } = await scene.as(validator).send('POST', '/reads/list', { hotkey: miner.address })
    expect(json.error?.code).toBe('NO_PERMIT')
  })

  test('a stale chain opens nothing new; reads go on and running uploads finish', async () => {
    const opened = await scene
      .as(miner)
      .send('POST', '/uploads/multipart/init', { ...init, bytes: 5, part_size: 5, checksum: 'none' })
    const { upload_id } = opened.json as { upload_id: string }
    scene.subnet.stale = true
    try {
      const refused = await scene.as(miner).send('POST', '/uploads/multipart/init', init)
      expect([refused.status, refused.json.error?.code, refused.headers['retry-after']]).toEqual([
        503,
        'CHAIN_STALE',
        '30',
      ])
      expect(await scene.codeOf(miner, 'POST', '/uploads/url', { key: 'a', bytes: 1 })).toBe('CHAIN_STALE')
      expect(await scene.codeOf(validator, 'POST', '/reads/list', { hotkey: miner.address })).toBe(200)
      expect(await scene.codeOf(miner, 'POST', '/uploads/list', {})).toBe(200)
      const { json } = await scene
        .as(miner)
        .send('POST', '/uploads/multipart/part-url', { upload_id, key: 'a', parts: [{ part_number: 1, bytes: 5 }] })
      const [part] = json['parts'] as { url: string }[]
      const sent = await fetch(part!.url, { method: 'PUT', body: content(5) })
      const parts = [{ part_number: 1, etag: sent.headers.get('etag') }]
      expect(await scene.codeOf(miner, 'POST', '/uploads/multipart/complete', { upload_id, key: 'a', parts })).toBe(200)
    } finally {
      scene.subnet.stale = false
    }
    scene.subnet.known = false
    expect(await scene.codeOf(validator, 'POST', '/reads/list', { hotkey: miner.address })).toBe('CHAIN_STALE')
    scene.subnet.known = true
  })
})

describe('T18 changes in between', () => {
  test('who was deregistered or taken out after the start cannot finish', async () => {
    await using scene = await openScene()
    const opened = await scene
      .as(miner)
      .send('POST', '/uploads/multipart/init', { ...init, bytes: 5, part_size: 5, checksum: 'none' })
    const { upload_id } = opened.json as { upload_id: string }
    const before = scene.subnet.standings.get(miner.address)!
    const done = { upload_id, key: 'a', parts: [{ part_number: 1, etag: 'a' }] }
    const send = async (target: string, body: object): Promise<string | undefined> =>
      (await scene.as(miner).send('POST', target, body)).json.error?.code
    const part = { upload_id, key: 'a', parts: [{ part_number: 1, bytes: 5 }] }
    scene.subnet.standings.set(miner.address, { ...before, mayWrite: false, excluded: true })
    expect([await send('/uploads/multipart/part-url', part), await send('/uploads/multipart/complete', done)]).toEqual([
      'EXCLUDED',
      'EXCLUDED',
    ])
    scene.subnet.standings.delete(miner.address)
    expect([await send('/uploads/multipart/part-url', part), await send('/uploads/multipart/complete', done)]).toEqual([
      'NOT_REGISTERED',
      'NOT_REGISTERED',
    ])
  })
})

test('T21 names of metadata and keys cannot reach a prototype', async () => {
  const { json } = await scene.as(miner).send('POST', '/uploads/url', {
    key: 'constructor/prototype',
    bytes: 1,
    metadata: { constructor: 'x', tostring: 'y' },
  })
  expect(json['headers']).toMatchObject({ 'x-amz-meta-constructor': 'x', 'x-amz-meta-tostring': 'y' })
  expect(({} as Record<string, unknown>)['constructor']).toBe(Object)
  expect(
    await scene.codeOf(miner, 'POST', '/uploads/url', JSON.parse('{"key":"a","bytes":1,"metadata":{"__proto__":"x"}}')),
  ).toBe('BAD_REQUEST')
})
