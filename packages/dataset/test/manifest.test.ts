import { createHash } from 'node:crypto'
import { type Hotkey, hotkeyFromSeed, wrapBytes } from '@sluice/hotkey'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { preAuthEncoding } from '../src/manifest/dsse.ts'
import { DatasetError, MAX_FORMER_MANIFEST_BYTES, openManifest, partKey, sealManifest } from '../src/index.ts'
import type { Manifest, ManifestFile } from '../src/index.ts'

const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
const HELLO = 'DSSEv1 29 http://example.com/HelloWorld 11 hello world'

function signerOf(seed: number, wrap = false): Hotkey {
  const hotkey = hotkeyFromSeed(new Uint8Array(32).fill(seed))
  return wrap ? { ...hotkey, sign: (message) => hotkey.sign(wrapBytes(message)) } : hotkey
}
const signer = signerOf(1)

function partFile(part: number): ManifestFile {
  const sha256 = createHash('sha256').update(String(part)).digest('hex')
  const path = partKey({ source: 'x', hour: 480_000, part, of: 9, sha256 })
  return { path, bytes: 10, sha256, rows: 1, source: 'x', hour: 480_000 }
}
const plainFile: ManifestFile = {
  path: 'files/w.bin',
  bytes: 1,
  sha256: 'ab'.repeat(32),
  rows: null,
  source: null,
  hour: null,
}

function manifestOf(over: Partial<Manifest> = {}): Manifest {
  return {
    v: 1,
    backend: 's3',
    netuid: 13,
    hotkey: signer.address,
    sequence: 3,
    previous: null,
    policyBlock: 7,
    createdAt: '2026-01-31T10:00:00.000Z',
    files: [plainFile, partFile(1), partFile(2)],
    ...over,
  }
}

test('known answer: DSSE’s pre-authentication encoding', () => {
  const encoded = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'))
  expect(Buffer.from(encoded).toString()).toBe(HELLO)
})

test('a manifest is sealed and opened; files are sorted, the hash is that of the file', async () => {
  const bytes = await sealManifest(manifestOf({ files: [partFile(2), plainFile, partFile(1)] }), signer)
  const { manifest, sha256 } = openManifest(bytes, { hotkey: signer.address, netuid: 13, backend: 's3' })
  expect(manifest).toEqual(manifestOf())
  expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
})

test('the file calls an hour bucket, as every manifest there is does', async () => {
  const { payload } = JSON.parse(Buffer.from(await sealManifest(manifestOf(), signer)).toString()) as {
    payload: string
  }
  const { files } = JSON.parse(Buffer.from(payload, 'base64').toString()) as { files: unknown[] }
  const { hour, ...part } = partFile(1)
  expect(files[1]).toEqual({ ...part, bucket: hour })
})

test('a signature over <Bytes> counts too', async () => {
  const bytes = await sealManifest(manifestOf(), signerOf(1, true))
  expect(openManifest(bytes, { hotkey: signer.address }).manifest.sequence).toBe(3)
})

test('another hotkey, netuid or backend is refused', async () => {
  const bytes = await sealManifest(manifestOf(), signer)
  const open = (expected: { hotkey?: string; netuid?: number; backend?: string }) => () =>
    openManifest(bytes, { hotkey: signer.address, ...expected })
  expect(open({ hotkey: ALICE })).toThrow(expect.objectContaining({ code: 'BAD_SIGNATURE' }))
  expect(open({ hotkey: 'x' })).toThrow(expect.objectContaining({ code: 'BAD_HOTKEY' }))
  expect(open({ netuid: 1 })).toThrow(expect.objectContaining({ code: 'WRONG_MANIFEST' }))
  expect(open({ backend: 'huggingface' })).toThrow(expect.objectContaining({ code: 'WRONG_MANIFEST' }))
  await expect(sealManifest(manifestOf(), signerOf(2))).rejects.toMatchObject({ code: 'WRONG_MANIFEST' })
  const impostor = { ...signerOf(2), address: signer.address }
  await expect(sealManifest(manifestOf(), impostor)).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
})

const badFiles: ManifestFile[][] = [
  [plainFile, plainFile],
  [{ ...plainFile, path: 'files/../x' }],
  [{ ...plainFile, path: 'other/x' }],
  [{ ...plainFile, rows: 1 }],
  [{ ...plainFile, bytes: -1 }],
  [{ ...plainFile, sha256: 'AB'.repeat(32) }],
  [{ ...partFile(1), source: 'reddit' }],
  [{ ...partFile(1), hour: 1 }],
  [{ ...partFile(1), rows: null }],
  [{ ...partFile(1), sha256: 'cd'.repeat(32) }],
]
const bad: Partial<Manifest>[] = [
  ...badFiles.map((files) => ({ files })),
  { netuid: 65_536 },
  { sequence: 0.5 },
  { createdAt: 'now' },
  { backend: 'S3/' },
  { previous: '' },
]
test.each(bad.map((over) => [JSON.stringify(over), over] as const))('malformed: %s', async (_, over) => {
  await expect(sealManifest(manifestOf(over), signer)).rejects.toMatchObject({ code: 'BAD_MANIFEST' })
})

test('well signed but not canonical, not strict or not a manifest is refused', async () => {
  const canonical = JSON.parse(Buffer.from(await sealManifest(manifestOf(), signer)).toString()) as { payload: string }
  const payload = Buffer.from(canonical.payload, 'base64').toString()
  const type = 'application/vnd.sluice.manifest+json'
  for (const [body, payloadType] of [
    [`${payload} `, type],
    [payload.replace('{', '{"extra":1,'), type],
    [payload.replace('"v":1', '"v":2'), type],
    ['no JSON', type],
    [payload, 'application/json'],
  ] as const) {
    const sig = await signer.sign(preAuthEncoding(payloadType, Buffer.from(body)))
    const signatures = [{ keyid: signer.address, sig: Buffer.from(sig).toString('base64') }]
    const envelope = { payload: Buffer.from(body).toString('base64'), payloadType, signatures }
    expect(() => openManifest(Buffer.from(JSON.stringify(envelope)), { hotkey: signer.address })).toThrow(
      expect.objectContaining({ code: 'BAD_MANIFEST' }),
    )
  }
})

describe('a manifest above the limit of 32 MiB', () => {
  const files = Array.from({ length: 24_000 }, (_none, at) => {
    return { ...plainFile, path: `files/${'w'.repeat(900)}${String(at).padStart(5, '0')}` }
  })

  test('is not written, and it is said why', async () => {
    const refused = sealManifest(manifestOf({ files }), { ...signer, sign: () => expect.fail('signed all the same') })
    await expect(refused).rejects.toMatchObject({ code: 'MANIFEST_TOO_LARGE', retryable: false })
    await expect(refused).rejects.toThrow(/24000 files has 3\d{7} bytes, and no validator reads more than 33554432/)
  })

  test('is opened by none but who asks for it, to the byte', async () => {
    const bytes = await sealManifest(manifestOf(), signer)
    const open = (maxBytes: number) => () => openManifest(bytes, { hotkey: signer.address, maxBytes })
    expect(open(bytes.length)().manifest).toEqual(manifestOf())
    expect(open(bytes.length - 1)).toThrow(`${bytes.length - 1} are allowed`)
  })

  test('is refused before anything is parsed', () => {
    for (const [bytes, maxBytes] of [
      [32 * 1024 * 1024 + 1, undefined],
      [64 * 1024 * 1024 + 1, MAX_FORMER_MANIFEST_BYTES],
    ]) {
      const open = () => openManifest(new Uint8Array(bytes ?? 0), { hotkey: ALICE, ...(maxBytes && { maxBytes }) })
      expect(open).toThrow(`${maxBytes ?? 33_554_432} are allowed`)
    }
  })
})

test('property: a mutated manifest never opens', async () => {
  const bytes = await sealManifest(manifestOf(), signer)
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.constantFrom('set', 'insert', 'cut'), (at, value, how) => {
      fc.pre(how !== 'set' || bytes[at] !== value)
      const rest = bytes.subarray(how === 'insert' ? at : at + 1)
      const mutated = Buffer.concat([bytes.subarray(0, at), Buffer.from(how === 'cut' ? [] : [value]), rest])
      fc.pre(!mutated.equals(bytes))
      expect(() => openManifest(mutated, { hotkey: signer.address })).toThrow(DatasetError)
    }),
    { numRuns: 400 },
  )
})
