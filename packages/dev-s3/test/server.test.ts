import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { crc32, crc32c, crc64nvme } from '../src/object/crc.ts'
import { parseRange, sliceFiles } from '../src/object/range.ts'
import { type DevS3, startS3Server } from '../src/server.ts'

let parent: string
let directory: string
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sluice-s3-test-'))
  directory = join(parent, 'store')
})
afterEach(() => rm(parent, { recursive: true, force: true }))

function client({ url, region, accessKeyId, secretAccessKey }: DevS3): S3Client {
  return new S3Client({ endpoint: url, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } })
}

describe('the directory', () => {
  test('objects, uploads and settings survive a restart', async () => {
    const place = { Bucket: 'kept', Key: 'a/b' }
    let UploadId: string | undefined
    {
      await using server = await startS3Server({ directory, buckets: ['kept'] })
      const sdk = client(server)
      await sdk.send(new PutObjectCommand({ ...place, Body: 'hello', Metadata: { m: '1' } }))
      UploadId = (await sdk.send(new CreateMultipartUploadCommand(place))).UploadId
      await sdk.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 2, Body: 'part' }))
      sdk.destroy()
    }
    await using server = await startS3Server({ directory, buckets: ['kept'] })
    const sdk = client(server)
    const got = await sdk.send(new GetObjectCommand(place))
    expect([await got.Body?.transformToString(), got.Metadata]).toEqual(['hello', { m: '1' }])
    const { Parts } = await sdk.send(new ListPartsCommand({ ...place, UploadId }))
    expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[2, 4]])
    sdk.destroy()
  })
  test('content that a killed server had not yet made an object is removed at the next start', async () => {
    {
      await using server = await startS3Server({ directory, buckets: ['kept'] })
      const sdk = client(server)
      await sdk.send(new PutObjectCommand({ Bucket: 'kept', Key: 'k', Body: 'hello' }))
      sdk.destroy()
    }
    const data = join(directory, 'kept', 'data')
    const before = await readdir(data)
    await writeFile(join(data, '00000000-0000-4000-8000-000000000000'), 'left over')
    await using server = await startS3Server({ directory, buckets: ['kept'] })
    expect(await readdir(data)).toEqual(before)
    const sdk = client(server)
    const got = await sdk.send(new GetObjectCommand({ Bucket: 'kept', Key: 'k' }))
    expect(await got.Body?.transformToString()).toBe('hello')
    sdk.destroy()
  })
  test('a damaged record stops the start instead of losing the object silently', async () => {
    const server = await startS3Server({ directory, buckets: ['kept'] })
    await server.close()
    await writeFile(join(directory, 'kept', 'objects', 'f'.repeat(64)), '{"key":')
    await expect(startS3Server({ directory })).rejects.toThrow()
  })
  test('no key leaves the directory, and keys that differ stay apart', async () => {
    await using server = await startS3Server({ directory, buckets: ['keys'] })
    const sdk = client(server)
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      'a',
      'A',
      '%2e',
      '%00',
      '=',
      ' ',
      'é',
      'e\u0301',
      'con',
      '*',
      '~',
    )
    const keys = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (pieces) => {
        const Key = pieces.join('')
        await sdk.send(new PutObjectCommand({ Bucket: 'keys', Key, Body: Key }))
        keys.add(Key)
        const got = await sdk.send(new GetObjectCommand({ Bucket: 'keys', Key }))
        expect(await got.Body?.transformToString()).toBe(Key)
      }),
      { numRuns: 60 },
    )
    const { KeyCount } = await sdk.send(new ListObjectsV2Command({ Bucket: 'keys' }))
    expect(KeyCount).toBe(keys.size)
    expect(await readdir(parent)).toEqual(['store'])
    expect(await readdir(directory)).toEqual(['keys'])
    const names = await readdir(directory, { recursive: true, withFileTypes: true })
    for (const entry of names.filter((each) => each.isFile())) {
      expect(relative(directory, join(entry.parentPath, entry.name))).toMatch(/^keys\/[a-z]+(\/|\.json$)[0-9a-f-]*$/)
    }
    sdk.destroy()
  })
  test('the same Complete many times at once makes one object and leaves no file over', async () => {
    await using server = await startS3Server({ directory, buckets: ['many'] })
    const sdk = client(server)
    const place = { Bucket: 'many', Key: 'k' }
    const { UploadId } = await sdk.send(new CreateMultipartUploadCommand(place))
    const { ETag } = await sdk.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'part' }))
    const complete = (): Promise<{ ETag?: string | undefined }> =>
      sdk.send(
        new CompleteMultipartUploadCommand({
          ...place,
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        }),
      )
    const answers = await Promise.all(Array.from({ length: 6 }, complete))
    expect(new Set(answers.map((answer) => answer.ETag)).size).toBe(1)
    const got = await sdk.send(new GetObjectCommand(place))
    expect(await got.Body?.transformToString()).toBe('part')
    expect((await readdir(join(directory, 'many', 'data'))).length).toBe(1)
    expect(await readdir(join(directory, 'many', 'uploads'))).toEqual([])
    sdk.destroy()
  })
  test('an upload that breaks off leaves nothing behind', async () => {
    await using server = await startS3Server({ directory, buckets: ['broken'] })
    const sdk = client(server)
    const { port } = new URL(server.url)
    const abort = new AbortController()
    const body = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(65_536))
        abort.abort()
      },
    })
    const put = new PutObjectCommand({ Bucket: 'broken', Key: 'k', Body: body, ContentLength: 9_000_000 })
    await expect(sdk.send(put, { abortSignal: abort.signal })).rejects.toThrow()
    await new Promise<void>((resolve) => {
      // Requests are answered in order of arrival, so a new connection follows the broken one.
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      )
      socket.on('close', () => resolve())
      socket.resume()
    })
    await expect.poll(() => readdir(join(directory, 'broken', 'incoming'))).toEqual([])
    expect(await readdir(join(directory, 'broken', 'data'))).toEqual([])
    sdk.destroy()
  })
})

describe('pieces', () => {
  test('CRCs have the check values of the catalogues', () => {
    const of = (digest: ReturnType<typeof crc32>): string => {
      digest.update(Buffer.from('1234'))
      digest.update(Buffer.from('56789'))
      return digest.digest().toString('hex')
    }
    expect([of(crc32()), of(crc32c()), of(crc64nvme())]).toEqual(['cbf43926', 'e3069283', 'ae8b14860a799888'])
  })
  test('a range over several files is the range of the whole', () => {
    const sizes = fc.array(fc.nat(6), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(sizes, fc.nat(40), fc.nat(40), (lengths, first, more) => {
        const files = lengths.map((bytes, index) => ({ path: String(index), bytes }))
        const whole = lengths.flatMap((bytes, index) => Array.from({ length: bytes }, (_, at) => `${index}:${at}`))
        if (first >= whole.length) return
        const range = parseRange(`bytes=${first}-${first + more}`, whole.length)
        expect(range).not.toBeNull()
        const slices = sliceFiles(files, range?.start ?? 0, range?.end ?? 0)
        const read = slices.flatMap(({ path, start, end }) =>
          Array.from({ length: end - start }, (_, at) => `${path}:${start + at}`),
        )
        expect(read).toEqual(whole.slice(first, first + more + 1))
      }),
    )
  })
})
