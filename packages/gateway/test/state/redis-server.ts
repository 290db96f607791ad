import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const hasRedis: boolean = spawnSync('redis-server', ['--version']).status === 0
if (!hasRedis) {
  console.warn(
    'redis-server is missing: the Redis state is NOT tested here. PATH=$(scripts/redis.sh CACHE):$PATH helps.',
  )
}

/** A Redis of its own on a free port, without persistence. */
export async function startRedis(): Promise<{ url: string; hang(): void; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-redis-'))
  const port = await freePort()
  const server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder])
  await new Promise<void>((resolve, reject) => {
    server.once('exit', () => reject(new Error('redis-server ended')))
    server.stdout.on('data', (chunk: Buffer) => {
      if (/ready to accept connections/i.test(chunk.toString())) resolve()
    })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    // It takes connections and commands, and says nothing.
    hang: () => void server.kill('SIGSTOP'),
    stop: () => {
      server.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
