import { type DevChain, startChainNode } from '@sluice/dev-chain'
import { createPolicy } from '@sluice/rollout'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Chain, hotkeyFromUri, openChain, publishPointer, publishPolicy, readPolicyRecord } from '../src/index.ts'
import { type Proxy, startProxy } from './proxy.ts'

const policy = createPolicy({
  useS3: true,
  rolloutPercentage: 25,
  s3: { bucketName: 'subnet-13', authEndpoint: 'https://auth.example.com', region: 'us-east-1' },
})

interface Scene {
  readonly node: DevChain
  readonly proxy: Proxy
  readonly chain: Chain
  readonly publish: (options?: {
    timeoutMs?: number
    signal?: AbortSignal
    onProgress?: (step: string) => void
  }) => ReturnType<typeof publishPolicy>
}

/** A node behind a proxy; the node itself is the second endpoint when `spare`. */
const scene = async (options: { spare?: boolean; lag?: number; instant?: boolean } = {}): Promise<Scene> => {
  const node = await startChainNode({
    blockTimeMs: 0,
    finalityLag: options.lag ?? 0,
    instant: options.instant ?? true,
  })
  const proxy = await startProxy(node.url)
  const endpoints = options.spare === true ? [proxy.url, node.url] : [proxy.url]
  const chain = openChain({ endpoints, connectTimeoutMs: 2000, callTimeoutMs: 2000 })
  onTestFinished(async () => {
    await chain.close()
    await proxy.close()
    await node.close()
  })
  const hotkey = await hotkeyFromUri(node.owner.hotkeyUri)
  return {
    node,
    proxy,
    chain,
    publish: async ({ signal, ...rest } = {}) =>
      await publishPolicy(chain, { netuid: node.netuid, hotkey, policy, pollMs: 20, ...rest }, signal),
  }
}

describe('publishing under faults', () => {
  it('finds the outcome by state when the watch dies after the extrinsic was taken', async () => {
    const { node, proxy, chain, publish } = await scene({ spare: true })
    proxy.pass = (message) => {
      if (message['method'] !== 'author_extrinsicUpdate') return true
      proxy.kill()
      return false
    }
    const written = await publish()
    expect(chain.endpoint).toBe(node.url)
    const record = await readPolicyRecord(chain, node.netuid)
    expect(record.decoding).toMatchObject({ kind: 'policy', policy })
    expect(record.commitmentBlock).toBe(written.block)
  })

  it('sends the same bytes again when the endpoint dies before it took them', async () => {
    const { node, proxy, chain, publish } = await scene({ spare: true })
    proxy.answer = (method) => {
      if (method !== 'author_submitAndWatchExtrinsic') return
      proxy.freeze()
      proxy.kill()
    }
    const written = await publish()
    expect((await readPolicyRecord(chain, node.netuid)).commitmentBlock).toBe(written.block)
  })

  it('waits for finality, and says what is open when it does not come', async () => {
    const { node, chain, publish } = await scene()
    await chain.finalizedHead()
    node.stallFinality(true)
    const failure = publish({ timeoutMs: 300 })
    await expect(failure).rejects.toMatchObject({ code: 'NOT_CONFIRMED', retryable: true })
    await expect(failure).rejects.toThrow(/can still be included up to block/)
    node.stallFinality(false)
    await node.produceBlocks(1)
    expect((await readPolicyRecord(chain, node.netuid)).decoding).toMatchObject({ kind: 'policy' })
  })

  it('follows its extrinsic through a reorganisation', async () => {
    const { node, chain, publish } = await scene({ lag: 3 })
    const steps: string[] = []
    const done = publish({
      onProgress: (step) => {
        steps.push(step)
        if (step === 'in block' && steps.filter((one) => one === 'in block').length === 1) {
          void node.reorg(1).then(async () => await node.produceBlocks(6))
        } else if (step === 'retracted') void node.produceBlocks(6)
      },
    })
    const written = await done
    expect(steps).toContain('in block')
    const record = await readPolicyRecord(chain, node.netuid)
    expect(record.commitmentBlock).toBe(written.block)
    expect(written.blockHash).toMatch(/^0x[0-9a-f]{64}$/)
  })

  it('knows that an extrinsic which was never included never will be', async () => {
    const { node, proxy, publish } = await scene({ instant: false })
    // The node takes it, but nothing of it reaches the pool.
    proxy.answer = (method) => (method.startsWith('author_submit') ? '0x01' : undefined)
    const failure = publish({ timeoutMs: 100, onProgress: () => void node.produceBlocks(40) })
    await expect(failure).rejects.toMatchObject({ code: 'NOT_CONFIRMED', retryable: true })
    await expect(failure).rejects.toThrow(/never will be; try again/)
  })

  it('waits for an endpoint that is away for a moment', async () => {
    const { node, proxy, chain, publish } = await scene()
    const written = await publish({
      onProgress: (step) => {
        if (step !== 'ready') return
        proxy.kill()
        setTimeout(() => proxy.revive(), 200)
      },
    })
    expect((await readPolicyRecord(chain, node.netuid)).commitmentBlock).toBe(written.block)
  })

  it('says what is open when no endpoint comes back', async () => {
    const { proxy, publish } = await scene()
    const failure = publish({ timeoutMs: 200, onProgress: (step) => step === 'ready' && proxy.kill() })
    await expect(failure).rejects.toMatchObject({ code: 'NOT_CONFIRMED', retryable: true })
    await expect(failure).rejects.toThrow(/can still be included.*No chain endpoint can be used/)
  })

  it('asks the state when the endpoint does not have the block it named', async () => {
    const { node, proxy, chain, publish } = await scene({ spare: true })
    proxy.answer = (method) => (method === 'chain_getBlock' ? null : undefined)
    const written = await publish()
    expect((await readPolicyRecord(chain, node.netuid)).commitmentBlock).toBe(written.block)
  })

  it('ends when its caller says so, although the node never says that it took the extrinsic', async () => {
    const { node, proxy } = await scene()
    const chain = openChain({ endpoints: [proxy.url], callTimeoutMs: 60_000 })
    onTestFinished(async () => await chain.close())
    const abort = new AbortController()
    proxy.answer = (method) => {
      if (method !== 'author_submitAndWatchExtrinsic') return
      proxy.freeze()
      setImmediate(() => abort.abort())
    }
    const hotkey = await hotkeyFromUri(node.owner.hotkeyUri)
    const failure = publishPolicy(chain, { netuid: node.netuid, hotkey, policy }, abort.signal)
    await expect(failure).rejects.toMatchObject({ code: 'ABORTED' })
  })

  it('ends when its caller says so', async () => {
    const { node, publish } = await scene({ instant: false })
    const abort = new AbortController()
    const failure = publish({ signal: abort.signal, onProgress: (step) => step === 'ready' && abort.abort() })
    await expect(failure).rejects.toMatchObject({ code: 'ABORTED' })
    expect((await node.head()).block).toBeGreaterThan(0)
  })

  it('says that nothing was written when the node refuses the extrinsic', async () => {
    const { node, proxy, chain, publish } = await scene()
    await chain.finalizedHead()
    proxy.answer = (method) => (method === 'system_accountNextIndex' ? 5 : undefined)
    await expect(publish({ timeoutMs: 300 })).rejects.toMatchObject({ name: 'ChainError' })
    expect((await readPolicyRecord(chain, node.netuid)).decoding.kind).toBe('absent')
    proxy.answer = (method) => (method === 'system_accountNextIndex' ? 'many' : undefined)
    await expect(publish()).rejects.toMatchObject({ code: 'PROTOCOL' })
  })

  it('refuses a used nonce as what it is', async () => {
    const { node, proxy, chain, publish } = await scene()
    await publish()
    proxy.answer = (method) => (method === 'system_accountNextIndex' ? 0 : undefined)
    const failure = publish()
    await expect(failure).rejects.toMatchObject({ code: 'REFUSED' })
    await expect(failure).rejects.toThrow(/Nothing was written/)
    expect((await readPolicyRecord(chain, node.netuid)).decoding.kind).toBe('policy')
  })

  it('notices that the epoch has no space left, with the real budget of the chain', async () => {
    const { node, chain } = await scene()
    const hotkey = await hotkeyFromUri('//Miner//0')
    for (let write = 0; write < 31; write++) {
      await publishPointer(chain, { netuid: node.netuid, hotkey, repository: `miner/data_${write}` })
    }
    const failure = publishPointer(chain, { netuid: node.netuid, hotkey, repository: 'miner/data_31' })
    await expect(failure).rejects.toMatchObject({ code: 'NO_SPACE', retryable: true })
    await expect(failure).rejects.toThrow(/used 3100 of the 3100 bytes.*Try again in \d+ blocks/)
  })
})
