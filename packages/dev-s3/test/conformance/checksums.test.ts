import {
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { useTarget } from './target.ts'

const target = useTarget()
/** Of `123456789`, the check value of the CRC catalogues; SHA from `sha1sum` and `sha256sum`. */
const KNOWN = [
  ['CRC32', 'y/Q5Jg=='],
  ['CRC32C', '4waSgw=='],
  ['CRC64NVME', 'rosUhgp5mIg='],
  ['SHA1', '98O8HYCOBHMq32eZZczDTKeuNEE='],
  ['SHA256', 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU='],
] as const
const FIVE = Buffer.alloc(5 * 1024 * 1024, '123456789')
const TAIL = Buffer.from('123456789')

describe.each(KNOWN)('%s', (algorithm, value) => {
  const header = `x-amz-checksum-${algorithm.toLowerCase()}`
  const put = (body: string): ReturnType<typeof target.current.send> => {
    const headers = { [header]: value, 'x-amz-sdk-checksum-algorithm': algorithm }
    return target.current.send({ method: 'PUT', key: `sum-${algorithm}`, body, headers })
  }
  test('stored, and returned when asked', async () => {
    expect((await put('123456789')).status).toBe(200)
    const key = `sum-${algorithm}`
    const asked = await target.current.send({ key, headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    expect([asked.headers[header], asked.headers['x-amz-checksum-type']]).toEqual([value, 'FULL_OBJECT'])
    expect((await target.current.send({ key })).headers[header]).toBeUndefined()
  })
  test('a wrong one is BadDigest and stores nothing', async () => {
    await target.current.send({ method: 'DELETE', key: `sum-${algorithm}` })
    const answer = await put('12345678_')
    expect([answer.status, answer.code]).toEqual([400, 'BadDigest'])
    expect((await target.current.send({ key: `sum-${algorithm}` })).status).toBe(404)
  })
  test('computed by the SDK from a stream', async () => {
    const { sdk, bucket } = target.current
    const Key = `stream-${algorithm}`
    await sdk.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key,
        Body: TAIL,
        ChecksumAlgorithm: algorithm,
        ContentLength: TAIL.length,
      }),
    )
    const got = await sdk.send(new GetObjectCommand({ Bucket: bucket, Key, ChecksumMode: 'ENABLED' }))
    expect(await got.Body?.transformToString()).toBe('123456789')
    expect(got[`Checksum${algorithm}`]).toBe(value)
  })
})

async function upload(
  Key: string,
  ChecksumAlgorithm: ChecksumAlgorithm,
  ChecksumType: 'COMPOSITE' | 'FULL_OBJECT',
  whole?: string,
) {
  const { sdk, bucket: Bucket } = target.current
  const { UploadId } = await sdk.send(
    new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm, ChecksumType }),
  )
  const Parts = []
  for (const [index, Body] of [FIVE, TAIL].entries()) {
    const PartNumber = index + 1
    const sent = await sdk.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ChecksumAlgorithm }))
    const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = sent
    Parts.push({ PartNumber, ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 })
  }
  const done = { Bucket, Key, UploadId, MultipartUpload: { Parts }, ChecksumType }
  const result = await sdk.send(
    new CompleteMultipartUploadCommand({
      ...done,
      ...(whole === undefined ? {} : { [`Checksum${ChecksumAlgorithm}`]: whole }),
    }),
  )
  const head = await sdk.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
  return { result, head }
}

test('a wrong one is BadDigest even when the algorithm is not named', async () => {
  const headers = { 'x-amz-checksum-crc32': 'AAAAAA==' }
  const answer = await target.current.send({ method: 'PUT', key: 'unnamed', body: 'hello', headers })
  expect([answer.status, answer.code]).toEqual(target.current.isDevnet ? [400, 'BadDigest'] : [200, ''])
})
test('one that a presigner left in the query is ignored', async () => {
  const query = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' }
  const answer = await target.current.send({ method: 'PUT', key: 'query', body: 'hello', presign: 60, query })
  expect(answer.status).toBe(200)
})

describe('multipart checksums', () => {
  // Composite: the algorithm over the concatenated binary checksums of the parts, worked out with Python.
  test.each([
    ['CRC32', 'COMPOSITE', 'rXzOrg==-2'],
    ['SHA256', 'COMPOSITE', 'Yr6jNS7jws3s1YrAj1s3Yva46xH5hMKEiXUvuDgquBY=-2'],
    ['CRC32', 'FULL_OBJECT', 'tgkiuw=='],
    ['CRC64NVME', 'FULL_OBJECT', 'VeNWJEmsmu0='],
  ] as const)('%s %s', async (algorithm, type, expected) => {
    const { head } = await upload(`mp-${algorithm}-${type}`, algorithm, type)
    // The referee combines CRC32s to the whole object's even when asked for a composite.
    const combines = algorithm === 'CRC32' && type === 'COMPOSITE' && !target.current.isDevnet
    const answer = combines ? ['tgkiuw==', 'FULL_OBJECT'] : [expected, type]
    expect([head[`Checksum${algorithm}`], head.ChecksumType]).toEqual(answer)
  })
  test('the right one at Complete is taken', async () => {
    const { head } = await upload('mp-right', 'CRC32', 'FULL_OBJECT', 'tgkiuw==')
    expect([head.ChecksumCRC32, head.ChecksumType]).toEqual(['tgkiuw==', 'FULL_OBJECT'])
  })
  test('a wrong one at Complete is BadDigest', async () => {
    await expect(upload('mp-wrong', 'CRC32', 'FULL_OBJECT', 'AAAAAA==')).rejects.toMatchObject({ name: 'BadDigest' })
  })
  test('SHA256 has no FULL_OBJECT', async () => {
    const { sdk, bucket } = target.current
    const create = new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: 'k',
      ChecksumAlgorithm: 'SHA256',
      ChecksumType: 'FULL_OBJECT',
    })
    await expect(sdk.send(create)).rejects.toMatchObject({ name: 'InvalidRequest' })
  })
})
