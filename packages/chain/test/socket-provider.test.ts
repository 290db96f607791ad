import { createServer } from 'node:https'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { loopbackCertificate } from '@sluice/dev-faults'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { openChain } from '../src/index.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** A node that answers every frame with this. @returns its URL */
async function nodeThatSays(answer: string | Uint8Array): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  ends.push(() => server.close())
  server.on('connection', (socket) => {
    ends.push(() => socket.terminate())
    socket.on('message', () => socket.send(answer))
  })
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a frame that is no JSON-RPC ends the connection', () => {
  test.each([
    '<html>hotel wifi</html>',
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"jsonrpc":"2.0","id":"1","result":1}',
    '{"jsonrpc":"2.0","id":99,"result":1}',
    '{"jsonrpc":"2.0","method":"x"}',
    '{"jsonrpc":"2.0","method":"x","params":null}',
    '{"jsonrpc":"2.0","method":"x","params":{"subscription":{}}}',
    Buffer.from('{"jsonrpc":"2.0","id":1,"result":1}'),
  ])('%j', async (answer) => {
    const chain = openChain({ endpoints: [await nodeThatSays(answer)], connectTimeoutMs: 20_000 })
    await expect(chain.finalizedHead()).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true })
    await chain.close()
  })
})

test('an untrusted certificate is one try, with a code of its own', async () => {
  const server = createServer(loopbackCertificate).listen(0, '127.0.0.1')
  ends.push(() => server.close())
  let connections = 0
  server.on('connection', () => connections++)
  await once(server, 'listening')
  const chain = openChain({ endpoints: [`wss://localhost:${(server.address() as AddressInfo).port}`] })
  const wrong = { code: 'TLS', retryable: false, message: expect.stringContaining('NODE_EXTRA_CA_CERTS') }
  await expect(chain.finalizedHead()).rejects.toMatchObject(wrong)
  await chain.close()
  expect(connections).toBe(1)
})
