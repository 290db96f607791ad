import { createClient } from '@redis/client'
import { claimScript, finishScript, forgetScript, openScript, takeScript } from './redis-scripts.ts'
import type { Opening, Session, State } from './state.ts'

export interface RedisStateOptions {
  /** `redis://` or `rediss://`, with user and password where needed. */
  readonly url: string
  /** Before all names; the default keeps them in one slot of a cluster. */
  readonly prefix?: string
  /** For one command, milliseconds; default 2,000. */
  readonly timeoutMs?: number
  readonly warn?: (message: string) => void
}

/**
 * State in Redis or Valkey (6.2 or later), for gateways on several machines. Each change is one script, so it is atomic.
 * @throws Error when the server does not answer at the start
 */
export async function createRedisState(options: RedisStateOptions): Promise<State> {
  const { url, prefix = '{sluice}:', timeoutMs = 2_000, warn = () => undefined } = options
  const client = createClient({
    url,
    // A command must fail soon while the server is away, not wait in a queue.
    disableOfflineQueue: true,
    socket: { connectTimeout: 5_000, reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, 2_000) },
    commandOptions: { timeout: timeoutMs },
  })
  client.on('error', (error: Error) => warn(`Redis: ${error.message}`))
  const firstError = new Promise<never>((_resolve, reject) => client.once('error', reject))
  try {
    // It would go on trying for ever; a gateway that cannot start should say so.
    await Promise.race([client.connect(), firstError])
  } catch (error) {
    client.destroy()
    throw new Error(`Redis does not answer: ${(error as Error).message}`, { cause: error })
  }

  const run = async (script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> =>
    await client.eval(script, {
      keys: keys.map((key) => prefix + key),
      arguments: args.map(String),
    })
  const sessionKey = (uploadId: string): string => `session:${uploadId}`
  const parseAll = (rows: unknown): Session[] => (rows as string[]).map((row) => JSON.parse(row) as Session)
  const find = async (uploadId: string): Promise<Session | null> => {
    const text = await client.get(prefix + sessionKey(uploadId))
    return text === null ? null : (JSON.parse(text) as Session)
  }

  return {
    remember: async (name, until, now) => {
      const life = Math.max(1, Math.ceil(until - now))
      return (
        (await client.set(`${prefix}nonce:${name}`, '1', {
          condition: 'NX',
          expiration: { type: 'PX', value: life },
        })) === 'OK'
      )
    },
    take: async (bucket, { burst, perSecond }, now) => {
      const waitMs = Number(await run(takeScript, [`bucket:${bucket}`], [burst, perSecond, now]))
      return waitMs === 0 ? { ok: true } : { ok: false, retryAfterMs: waitMs }
    },
    open: async (session, caps) => {
      const { uploadId, hotkey, bytes, expiresAt } = session
      const keys = [`open:${hotkey}`, sessionKey(uploadId), 'expiry']
      const args = [caps.uploads, caps.bytes, uploadId, bytes ?? 0, expiresAt, JSON.stringify(session)]
      return String(await run(openScript, keys, args)) as Opening
    },
    find,
    openCount: async (hotkey) => await client.hLen(`${prefix}open:${hotkey}`),
    openOf: async (hotkey) => {
      const ids = await client.hKeys(`${prefix}open:${hotkey}`)
      if (ids.length === 0) return []
      const texts = await client.mGet(ids.map((id) => prefix + sessionKey(id)))
      return parseAll(texts.filter((text) => text !== null)).sort((one, other) => one.expiresAt - other.expiresAt)
    },
    finish: async (uploadId, result, until) => {
      const session = await find(uploadId)
      if (session === null) return
      const json = JSON.stringify({ ...session, result, expiresAt: until })
      await run(finishScript, [sessionKey(uploadId), 'expiry', `open:${session.hotkey}`], [uploadId, json, until])
    },
    forget: async (uploadId) => {
      const session = await find(uploadId)
      const open = `open:${session?.hotkey ?? ''}`
      await run(forgetScript, [sessionKey(uploadId), 'expiry', open], [uploadId])
    },
    claimExpired: async (now, leaseUntil, limit) =>
      parseAll(await run(claimScript, ['expiry'], [prefix, now, leaseUntil, limit])),
    keep: async (name, text) => void (await client.set(`${prefix}kept:${name}`, text)),
    kept: async (name) => await client.get(`${prefix}kept:${name}`),
    ping: async () => void (await client.ping()),
    close: async () => {
      if (client.isOpen) await client.close()
    },
  }
}
