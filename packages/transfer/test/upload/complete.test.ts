import { UploadPartCommand } from '@aws-sdk/client-s3'
import { startS3Server } from '@sluice/dev-s3'
import { describe, expect, test } from 'vitest'
import { fromBytes, fromStream, TransferError, type UploadSessions } from '../../src/index.ts'
import { createDirectSessions } from '../../src/node/index.ts'
import { bytesOf, chunked, MIB, sha256, useStore, watch } from '../store.ts'

const store = useStore()
const data = bytesOf(17 * MIB, 6)
const hash = sha256(data)
const partSize = 5 * MIB

/** Does something before the first Complete reaches the server. */
function before(work: (session: { readonly uploadId: string; readonly key: string }) => Promise<void>): UploadSessions {
  const sessions = store.current.sessions()
  let done = false
  return {
    ...sessions,
    complete: async (session, ...rest) => {
      if (!done) await work(session)
      done = true
      return await sessions.complete(session, ...rest)
    },
  }
}

const damage = before.bind(null, async ({ uploadId: UploadId, key }) => {
  const { sdk, bucket: Bucket, prefix } = store.current
  const address = { Bucket, Key: prefix + key, UploadId, PartNumber: 2 }
  await sdk.send(new UploadPartCommand({ ...address, Body: bytesOf(partSize, 99), ChecksumAlgorithm: 'CRC32' }))
})

describe('a part that is another one at Complete', () => {
  test('is sent again, and no other', async () => {
    const { events, onEvent } = watch()
    const transfer = store.current.transfer({ partSize, sessions: damage() })
    const result = await transfer.upload(fromBytes(data), { key: 'healed', onEvent })
    expect(result).toMatchObject({ sha256: hash, parts: 4, partsKept: 0, proof: 'crc32' })
    expect((await store.current.object('healed')).sha256).toBe(hash)
    const sent = events.flatMap((event) => (event.type === 'part' ? [event.partNumber] : []))
    expect(sent.sort((a, b) => a - b)).toEqual([1, 2, 2, 3, 4])
  })
  test('cannot be read again from a stream, which is told; nothing stays open', async () => {
    const transfer = store.current.transfer({ partSize, sessions: damage() })
    const upload = transfer.upload(fromStream(chunked(data, MIB)), { key: 'lost' })
    await expect(upload).rejects.toMatchObject({ code: 'INVALID_PART', resumable: false })
    await expect(store.current.object('lost')).rejects.toThrow()
    expect(await store.current.openUploads()).toBe(0)
  })
})

test('an object that somebody else wrote over the finished one is told', async () => {
  const sessions = store.current.sessions()
  const complete: UploadSessions['complete'] = async (...words) => {
    const done = await sessions.complete(...words)
    await store.current.transfer({ partSize }).upload(fromBytes(bytesOf(data.length, 7)), { key: 'overwritten' })
    return done
  }
  const transfer = store.current.transfer({ partSize, sessions: { ...sessions, complete } })
  const upload = transfer.upload(fromBytes(data), { key: 'overwritten' })
  await expect(upload).rejects.toMatchObject({ code: 'CORRUPT', resumable: false })
})

test('a refused look-up is no missing object, whatever the key', async () => {
  const stranger = store.current.sessions()
  expect(await stranger.stat('HTTP 404')).toBeNull()
  const { endpoint, bucket } = store.current
  const credentials = { accessKeyId: 'nobody', secretAccessKey: 'wrong' }
  const refused = createDirectSessions({ endpoint, bucket, credentials }).stat('HTTP 404')
  await expect(refused).rejects.toSatisfy((error) => TransferError.is(error) && error.code !== 'NO_SUCH_KEY')
})

test('sessions that are closed leave no connection, and open one again', async () => {
  await using server = await startS3Server({ buckets: ['closing'] })
  const connections = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
  const sessions = createDirectSessions({ endpoint: server.url, bucket: 'closing', credentials: server })
  await sessions.stat('none')
  const open = connections()
  sessions.close()
  await expect.poll(connections).toBeLessThan(open)
  expect(await sessions.stat('none')).toBeNull()
  sessions.close()
})
