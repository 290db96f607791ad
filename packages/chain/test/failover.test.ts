import { type DevChain, startChainNode } from '@sluice/dev-chain'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Chain, type ChainOptions, openChain, readMetagraph, readPolicyRecord } from '../src/index.ts'
import { startProxy, startSilent } from './proxy.ts'

describe('several endpoints', () => {
  let node: DevChain
  beforeAll(async () => {
    node = await startChainNode({ blockTimeMs: 0 })
  })
  afterAll(async () => {
    await node.close()
  })

  const open = (endpoints: readonly string[], options: Partial<ChainOptions> = {}): Chain => {
    const chain = openChain({ connectTimeoutMs: 2000, callTimeoutMs: 2000, ...options, endpoints })
    onTestFinished(async () => await chain.close())
    return chain
  }
  const proxied = async () => {
    const proxy = await startProxy(node.url)
    onTestFinished(async () => await proxy.close())
    return proxy
  }
  const dead = async (): Promise<string> => {
    const silent = await startSilent()
    await silent.close()
    return silent.url
  }

  it('nothing is connected before the first use', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url])
    expect(chain.endpoint).toBeNull()
    expect(chain.genesisHash).toBeNull()
    expect(proxy.methods).toEqual([])
    expect((await chain.finalizedHead()).block).toBe((await node.finalizedHead()).block)
    expect(chain.endpoint).toBe(proxy.url)
    expect(chain.genesisHash).toMatch(/^0x[0-9a-f]{64}$/)
  })

  it('a dead one is passed over', async () => {
    const log: string[] = []
    const first = await dead()
    const chain = open([first, node.url], { log: (_level, message) => log.push(message) })
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
    expect(chain.endpoint).toBe(node.url)
    expect(log.join(' ')).toContain(`${first} is not there`)
  })

  it('one that accepts TCP and stays silent is passed over after its deadline', async () => {
    const silent = await startSilent()
    onTestFinished(async () => await silent.close())
    const chain = open([silent.url, node.url], { connectTimeoutMs: 500 })
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
  })

  it('one that never describes its runtime is passed over', async () => {
    const proxy = await proxied()
    proxy.pass = () => false
    const chain = open([proxy.url, node.url], { connectTimeoutMs: 500 })
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
    expect(chain.endpoint).toBe(node.url)
  })

  it('one of another chain is passed over, and an error when it is the only one', async () => {
    const other = await startChainNode({ blockTimeMs: 0, name: 'Another chain' })
    onTestFinished(async () => await other.close())
    const known = open([node.url])
    await known.finalizedHead()
    const genesisHash = known.genesisHash ?? ''
    const chain = open([other.url, node.url], { genesisHash })
    await chain.finalizedHead()
    expect(chain.endpoint).toBe(node.url)
    await expect(open([other.url], { genesisHash }).finalizedHead()).rejects.toMatchObject({
      code: 'WRONG_CHAIN',
      retryable: false,
    })
  })

  it('the first chain counts when none is named', async () => {
    const other = await startChainNode({ blockTimeMs: 0, name: 'Another chain' })
    onTestFinished(async () => await other.close())
    const proxy = await proxied()
    const chain = open([proxy.url, other.url])
    await chain.finalizedHead()
    proxy.kill()
    await expect(chain.finalizedHead()).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true })
    expect(chain.endpoint).toBeNull()
  })

  it('one killed in the middle of a call is replaced, and the call made again', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url, node.url])
    await chain.finalizedHead()
    proxy.answer = (method) => {
      if (method === 'state_queryStorageAt') proxy.kill()
    }
    expect((await readPolicyRecord(chain, node.netuid)).ownerHotkey).toBe(node.owner.hotkey)
    expect(chain.endpoint).toBe(node.url)
  })

  it('the same one is connected again when it comes back', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url])
    await chain.finalizedHead()
    proxy.kill(false)
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
  })

  it('a frozen socket costs one call deadline', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url, node.url], { callTimeoutMs: 500 })
    await chain.finalizedHead()
    proxy.freeze()
    expect((await chain.finalizedHead()).hash).toBe((await node.finalizedHead()).hash)
    expect(chain.endpoint).toBe(node.url)
  })

  it('one that answers with an error is passed over while another does not', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url, node.url])
    await chain.finalizedHead()
    proxy.refuse = (method) => (method === 'state_queryStorageAt' ? 'rate limit exceeded' : undefined)
    expect((await readPolicyRecord(chain, node.netuid)).ownerHotkey).toBe(node.owner.hotkey)
    expect(chain.endpoint).toBe(node.url)
    const alone = open([proxy.url])
    await expect(readPolicyRecord(alone, node.netuid)).rejects.toThrow(/rate limit exceeded/)
  })

  it('a metagraph without what was asked for is read from storage instead', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url])
    // Asks for the owner alone, so hotkeys and the rest are missing from the reply.
    const method = 'SubnetInfoRuntimeApi_get_selective_metagraph'
    const poor = await chain.use(async (connection) => await connection.send('state_call', [method, '0x0d00040500']))
    proxy.answer = (called, params) => (called === 'state_call' && params[0] === method ? poor : undefined)
    expect((await readMetagraph(chain, node.netuid)).neurons.length).toBe(node.neurons.length)
  })

  it('closing does not wait for a silent endpoint, and the call in between ends', async () => {
    const silent = await startSilent()
    onTestFinished(async () => await silent.close())
    const chain = open([silent.url, silent.url.replace('127.0.0.1', 'localhost')], { connectTimeoutMs: 60_000 })
    const failure = expect(chain.finalizedHead()).rejects.toMatchObject({ code: 'CLOSED' })
    await chain.close()
    await failure
  })

  it('a caller that gives up does not wait for the look at a frozen head', async () => {
    const proxy = await proxied()
    let now = Date.now()
    const chain = open([proxy.url], { callTimeoutMs: 60_000, now: () => now })
    await chain.finalizedHead()
    proxy.freeze()
    now += 130_000
    const stop = new AbortController()
    const failure = expect(chain.finalizedHead(stop.signal)).rejects.toMatchObject({ code: 'ABORTED' })
    stop.abort()
    await failure
  })

  it('none left is one error that names each of them', async () => {
    const first = await dead()
    const failure = open([first, await dead()]).finalizedHead()
    await expect(failure).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true })
    await expect(failure).rejects.toThrow(first)
  })

  it('nonsense instead of a block is not believed', async () => {
    const proxy = await proxied()
    const chain = open([proxy.url])
    await chain.finalizedHead()
    for (const reply of [7, { number: '0x1g' }, { number: '0xffffffffffffffff', parentHash: `0x${'00'.repeat(32)}` }]) {
      proxy.answer = (method) => (method === 'chain_getHeader' ? reply : undefined)
      await expect(chain.finalizedHead()).rejects.toMatchObject({ name: 'ChainError' })
    }
    proxy.answer = (method) => (method === 'chain_getFinalizedHead' ? 'latest' : undefined)
    await expect(chain.finalizedHead()).rejects.toMatchObject({ name: 'ChainError' })
  })
})
