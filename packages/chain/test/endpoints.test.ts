import { describe, expect, it } from 'vitest'
import { ChainError, knownGenesis, openChain, resolveEndpoints } from '../src/index.ts'

describe('endpoints', () => {
  it('follow network names', () => {
    expect(resolveEndpoints({ network: 'local' })).toEqual(['ws://127.0.0.1:9944'])
    expect(resolveEndpoints({ network: 'test' })).toEqual(['wss://test.finney.opentensor.ai:443'])
    expect(resolveEndpoints({ network: 'archive' })).toEqual(['wss://archive.chain.opentensor.ai:443'])
    expect(resolveEndpoints({ network: 'finney' })[0]).toBe('wss://entrypoint-finney.opentensor.ai:443')
    expect(resolveEndpoints({})).toEqual(resolveEndpoints({ network: 'finney' }))
  })

  it('are URLs as given, in order, once', () => {
    expect(resolveEndpoints({ network: 'ws://a:1' })).toEqual(['ws://a:1'])
    expect(resolveEndpoints({ network: 'finney', endpoint: 'ws://a:1, wss://b/x ,ws://a:1' })).toEqual([
      'ws://a:1',
      'wss://b/x',
    ])
    expect(resolveEndpoints({ endpoint: ['ws://a:1', 'local'] })).toEqual(['ws://a:1', 'ws://127.0.0.1:9944'])
    expect(resolveEndpoints({ network: 'local', endpoint: '' })).toEqual(['ws://127.0.0.1:9944'])
  })

  it.each(['mainnet', 'constructor', 'http://a:1', 'https://key:secret@a', '127.0.0.1:9944', 'ws://'])(
    'cannot be %s',
    (endpoint) => {
      expect(() => resolveEndpoints({ endpoint })).toThrow(/finney, test, archive, local/)
      expect(() => resolveEndpoints({ endpoint })).not.toThrow(/secret/)
    },
  )

  it('of public networks belong to one chain', () => {
    expect(knownGenesis('finney')).toMatch(/^0x2f0555cc/)
    expect(knownGenesis('archive')).toBe(knownGenesis('finney'))
    expect(knownGenesis('test')).toMatch(/^0x8f9cf856/)
    expect(knownGenesis('constructor')).toBeNull()
    expect(knownGenesis('local')).toBeNull()
    expect(knownGenesis('ws://a:1')).toBeNull()
  })

  it('must be at least one, and each a URL', () => {
    expect(() => openChain({ endpoints: [] })).toThrow(ChainError)
    expect(() => openChain({ endpoints: ['ws://127.0.0.1:1', 'ftp://a'] })).toThrow(/ftp:/)
  })

  it('never show their access key in a message', async () => {
    const lines: string[] = []
    const chain = openChain({
      endpoints: ['ws://user:secret1@127.0.0.1:1/secret2?key=secret3'],
      connectTimeoutMs: 2000,
      log: (_level, line) => lines.push(line),
    })
    const failure = await chain.finalizedHead().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'UNREACHABLE' })
    expect(String(failure) + lines.join('')).not.toContain('secret')
    expect(() => resolveEndpoints({ endpoint: 'wss://secret:x@' })).not.toThrow(/secret/)
    await chain.close()
  })
})
