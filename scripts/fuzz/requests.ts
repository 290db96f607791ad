import type { GatewayRequest } from '../../packages/gateway/src/http/exchange.ts'

/** Numbers in 0..below-1, repeatable (mulberry32). */
export type Random = (below: number) => number

export function createRandom(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below)
  }
}

const pick = <T>(random: Random, all: readonly T[]): T => all[random(all.length)] as T

const pieces = [
  '..',
  '.',
  '/',
  '//',
  '\\',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
  '%00',
  '%',
  '\u0000',
  '\n',
  ' ',
  '*',
  '?',
  '#',
  '&',
  '=',
  ':',
  '@',
  '~',
  'a',
  'b.parquet',
  'data',
  'data/hotkey=',
  'source=x',
  '\u2024',
  '\u2025',
  '\uff0e',
  '\uff0f',
  '\u202e',
  '\ufeff',
  'é',
  '😀',
  '\ud800',
  '${filename}',
  '{}',
  '[]',
  '"',
  "'",
  '`',
  '|',
  '<',
  '>',
  '../'.repeat(20),
  'x'.repeat(255),
  'x'.repeat(256),
  'x'.repeat(961),
] as const

/** A key that tries to leave its prefix, or is nearly good. */
export function hostileKey(random: Random, own: string, other: string): string {
  let key = ''
  for (let count = random(7); count >= 0; count--) {
    const kind = random(10)
    if (kind === 0) key += `data/hotkey=${other}/`
    else if (kind === 1) key += `data/hotkey=${own}/`
    else if (kind === 2) key += String.fromCharCode(random(0x10000))
    else key += pick(random, pieces)
  }
  return key
}

/** Half a surrogate pair cannot be encoded. */
function encoded(text: string): string {
  return encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/g, '%'))
}

interface Sample {
  readonly method: string
  readonly target: string
  readonly body: Uint8Array
}

/** A request of some route, mostly well-formed, with hostile values here and there. */
export function sample(random: Random, own: string, other: string): Sample {
  const key = (): unknown => (random(3) === 0 ? hostileKey(random, own, other) : `files/${random(50)}`)
  const number = (): unknown =>
    pick(random, [
      0,
      1,
      5,
      5_242_880,
      8_388_608,
      1e9,
      5e12,
      1e15,
      1e18,
      -1,
      0.5,
      null,
      '1',
      Number.MAX_SAFE_INTEGER,
      [],
      {},
    ])
  const uploadId = (): unknown => (random(3) === 0 ? `upload-${random(50)}` : pick(random, ['', 'x', 7, null, '../x']))
  const part = (): unknown => ({
    part_number: number(),
    bytes: number(),
    etag: 'abc',
    checksum_crc32: pick(random, ['AAAAAA==', 'x', undefined]),
  })
  const hotkey = pick(random, [own, other, 'x', `${other.slice(0, -1)}1`, 7])
  // Another each time: the digest of a legacy signature is its nonce.
  const signature = hexDigits(random, 128)
  const timestamp = pick(random, [Math.floor(Date.now() / 1000), 0, 'x'])
  const legacy = { hotkey: own, coldkey: other, miner_hotkey: hotkey, timestamp, signature, file_keys: [key()] }
  const query = new URLSearchParams({ upload_id: String(uploadId()), key: String(key()) }).toString()
  const rest = random(2) === 0 ? encoded(String(key())) : 'a/../../b'
  const [method, target, body] = pick<readonly [string, string, unknown?]>(random, [
    [
      'POST',
      '/uploads/url',
      { key: key(), bytes: number(), metadata: pick(random, [{ a: 'b' }, { 'A b': 'c' }, { a: '\r\n' }, undefined]) },
    ],
    [
      'POST',
      '/uploads/multipart/init',
      { key: key(), bytes: number(), part_size: number(), checksum: pick(random, ['crc32', 'none', 'md5']) },
    ],
    ['POST', '/uploads/multipart/part-url', { upload_id: uploadId(), key: key(), parts: [part()] }],
    ['POST', '/uploads/multipart/complete', { upload_id: uploadId(), key: key(), parts: [part()] }],
    ['GET', `/uploads/multipart/parts?${query}&after=${String(number())}`],
    ['DELETE', `/uploads/multipart/abort?${query}`],
    ['GET', `/uploads/multipart/list?prefix=${encodeURIComponent('a/')}`],
    ['GET', `/uploads/stat/${rest}`],
    ['GET', `/uploads/download/${rest}`],
    ['POST', '/uploads/list', { prefix: key(), after: key() }],
    ['POST', '/uploads/delete', { keys: [key(), key()] }],
    ['POST', '/reads/list', { hotkey, prefix: key() }],
    ['POST', '/reads/urls', { hotkey, keys: [key()] }],
    ['POST', '/actions', { processor_name: 's3_upload', action: 'initiate_multipart_upload', payload: { key: key() } }],
    ['POST', '/api/uploads/multipart/part-url', { key: key(), upload_id: uploadId(), part_number: number() }],
    ['POST', '/storage/multipart_upload/initiate', { path: key(), file_size: number(), part_size: number() }],
    ['GET', '/storage/presigned_url', { path: key() }],
    ['POST', '/get-folder-access', legacy],
    ['POST', '/get-file-presigned-urls', legacy],
    ['POST', '/get-file-upload-url', { job_id: key(), filename: key() }],
    ['GET', pick(random, ['/healthz', '/metrics', '/openapi.json', '/', '//', '/%', '/uploads/stat/'])],
  ])
  const text = body === undefined ? '' : JSON.stringify(body)
  return { method, target, body: new TextEncoder().encode(text) }
}

const hexDigits = (random: Random, count: number): string =>
  Array.from({ length: count }, () => random(16).toString(16)).join('')

/** Headers of the old schemes, right but for the signature, so that a verifier which accepts all lets them in. */
export function oldHeaders(random: Random, signer: string): Record<string, string> {
  const now = String(Date.now())
  const epistula = {
    'epistula-version': '2',
    'epistula-timestamp': now,
    'epistula-uuid': hexDigits(random, 32),
    'epistula-signed-by': signer,
    'epistula-request-signature': `0x${hexDigits(random, 128)}`,
  }
  // With them, a path that two originals share is the newer one's.
  const tao = {
    'x-tao-version': '2',
    'x-tao-timestamp': now,
    'x-tao-nonce': hexDigits(random, 32),
    'x-tao-signed-by': signer,
    'x-tao-signature': hexDigits(random, 128),
  }
  return random(2) === 0 ? epistula : { ...epistula, ...tao }
}

/** Changes one thing about a request. */
export function mutate(random: Random, request: GatewayRequest): GatewayRequest {
  const names = Object.keys(request.headers)
  const name = pick(random, names)
  const spoil = (text: string): string => {
    const at = random(text.length + 1)
    const piece = pick(random, [
      '',
      ';',
      '"',
      '=',
      ':',
      ',',
      '(',
      ')',
      '\u0000',
      'é',
      '9'.repeat(30),
      'x',
      '%',
      pick(random, pieces),
    ])
    return text.slice(0, at) + piece + text.slice(at + random(4))
  }
  switch (random(7)) {
    case 0:
      return { ...request, method: pick(random, ['GET', 'PUT', 'OPTIONS', 'DELETE', 'HEAD', '\u0000', 'get']) }
    case 1:
      return { ...request, target: spoil(request.target) }
    case 2: {
      const body = Uint8Array.from(request.body)
      if (body.length > 0) body[random(body.length)] = random(256)
      return { ...request, body }
    }
    case 3:
      return { ...request, body: request.body.subarray(random(request.body.length + 1)) }
    case 4:
      return { ...request, headers: { ...request.headers, [name]: undefined } }
    case 5:
      return {
        ...request,
        headers: {
          ...request.headers,
          [name]: pick(
            random,
            names.map((other) => request.headers[other]),
          ),
        },
      }
    default:
      return { ...request, headers: { ...request.headers, [name]: spoil(request.headers[name] ?? '') } }
  }
}
