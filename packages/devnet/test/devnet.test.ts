import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hotkeyFromUri, loadHotkey } from '@sluice/chain'
import { startS3Server } from '@sluice/dev-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createBucket } from '../src/make-bucket.ts'
import { startDevnet } from '../src/index.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-devnet-test-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('a devnet has a chain, wallets that sign for it, a bucket and a hub account for every miner', async () => {
  const folder = join(directory, 'whole')
  await using devnet = await startDevnet({ miners: 2, validators: 1, directory: folder, blockTimeMs: 0 })
  expect(devnet.walletPath).toBe(join(folder, 'wallets'))
  expect(await readdir(devnet.walletPath)).toEqual(['miner-0', 'miner-1', 'owner', 'validator-0'])
  for (const [walletName, uri] of [
    ['owner', '//Alice//hot'],
    ['validator-0', '//Bob//hot'],
    ['miner-1', '//Miner//1'],
  ] as const) {
    const hotkey = await loadHotkey({ walletPath: devnet.walletPath, walletName, hotkeyName: 'default' })
    expect(hotkey.address).toBe((await hotkeyFromUri(uri)).address)
    expect(hotkey.sign(new Uint8Array([1]))).toHaveLength(64)
  }
  const coldkey = JSON.parse(await readFile(join(devnet.walletPath, 'owner', 'coldkeypub.txt'), 'utf8')) as object
  expect(coldkey).toMatchObject({ ss58Address: (await hotkeyFromUri('//Alice')).address })
  expect((await stat(join(devnet.walletPath, 'owner', 'hotkeys', 'default'))).mode & 0o777).toBe(0o600)

  expect(
    devnet.miners.map(({ uid, uri, walletName, hfUser, hfToken }) => [uid, uri, walletName, hfUser, hfToken]),
  ).toEqual([
    [2, '//Miner//0', 'miner-0', 'miner-0', 'hf_devnet_miner_0'],
    [3, '//Miner//1', 'miner-1', 'miner-1', 'hf_devnet_miner_1'],
  ])
  for (const { hfUser, hfToken } of devnet.miners) {
    const who = await fetch(`${devnet.hub.url}/api/whoami-v2`, { headers: { authorization: `Bearer ${hfToken}` } })
    expect(await who.json()).toMatchObject({ name: hfUser })
  }
  await createBucket(devnet.s3, devnet.bucket)
  expect(devnet.s3.faults).not.toBeNull()
  await devnet.close()
  await devnet.close()
  await expect(fetch(devnet.hub.url)).rejects.toThrow()
  await expect(fetch(devnet.s3.url)).rejects.toThrow()
  await expect(fetch(devnet.chain.url.replace('ws:', 'http:'))).rejects.toThrow()
})

test('a temporary folder is removed at close', async () => {
  const devnet = await startDevnet({ miners: 1, validators: 0, blockTimeMs: 0 })
  expect((await stat(devnet.directory)).isDirectory()).toBe(true)
  await devnet.close()
  await expect(stat(devnet.directory)).rejects.toThrow(/ENOENT/)
})

test('an outside chain and an outside S3 server are used and left running', async () => {
  await using first = await startDevnet({ miners: 2, validators: 1, blockTimeMs: 0 })
  await using s3 = await startS3Server()
  const { url, accessKeyId, secretAccessKey } = s3
  const devnet = await startDevnet({
    miners: 1,
    validators: 1,
    chain: first.chain.url,
    s3: { url, accessKeyId, secretAccessKey },
    bucket: 'outside',
  })
  expect(devnet.chain.url).toBe(first.chain.url)
  expect(devnet.s3).toMatchObject({ url, faults: null })
  await createBucket(devnet.s3, 'outside')
  await devnet.close()
  expect((await first.chain.head()).block).toBeGreaterThan(0)
  expect((await fetch(url)).status).toBe(403)
})

test('wrong keys for the outside server, and what already runs is stopped', async () => {
  const ports = { chain: await freePort() }
  await using s3 = await startS3Server()
  const outside = { url: s3.url, accessKeyId: s3.accessKeyId, secretAccessKey: 'wrong' }
  await expect(startDevnet({ miners: 1, s3: outside, ports })).rejects.toThrow(/SignatureDoesNotMatch; check/)
  await using again = await startDevnet({ miners: 1, ports })
  expect(again.chain.url).toBe(`ws://127.0.0.1:${ports.chain}`)
})

test.each(['hello', '{"id":1,"result":null}', '[]', '{"result":[{"changes":"x"}]}'])(
  'an outside chain that answers %s is no Substrate node',
  async (text) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => socket.on('message', () => socket.send(text)))
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      await expect(startDevnet({ miners: 1, chain: `ws://127.0.0.1:${port}` })).rejects.toThrow(/is no Substrate node/)
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  },
)

test('a taken port is an error, not a hang', async () => {
  await using first = await startDevnet({ miners: 1, blockTimeMs: 0 })
  const port = Number(new URL(first.chain.url).port)
  await expect(startDevnet({ miners: 1, ports: { chain: port } })).rejects.toThrow(/EADDRINUSE/)
})

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
