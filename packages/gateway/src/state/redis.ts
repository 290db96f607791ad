import { createClient } from '@redis/client'
import { claimScript, finishScript, forgetScript, openScript, takeOnceScript, takeScript } from './redis-scripts.ts'
import { CLOCK_SKEW_MS, type Opening, reserved, type Session, type State, type Taken } from './state.ts'

const CONNECT_MS = 5_000

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
    socket: { connectTimeout: CONNECT_MS, reconnectStrategy: (tries) => Math.min(50 * 2 ** tries, 2_000) },
    // A server that hangs must not fill the memory with commands.
    commandsQueueMaxLength: 10_000,
  })
  client.on('error', (error: Error) => warn(`Redis: ${error.message}`))
  const firstError = new Promise<never>((_resolve, reject) => client.once('error', reject))
  try {
    // The client would try for ever. A gateway that cannot start has to say so.
    await within(CONNECT_MS, Promise.race([client.connect(), firstError]))
  } catch (error) {
    client.destroy()
    throw new Error(`Redis does not answer: ${(error as Error).message}`, { cause: error })
  }

  /** The client's own time limit covers only the sending. This one covers the answer of a server that hangs. */
  const answered = async <T>(command: Promise<T>): Promise<T> => await within(timeoutMs, command)
  const run = async (script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> =>
    await answered(client.eval(script, { keys: keys.map((key) => prefix + key), arguments: args.map(String) }))
  const sessionKey = (uploadId: string): string => `session:${uploadId}`
  const parseAll = (rows: unknown): Session[] => (rows as string[]).map((row) => JSON.parse(row) as Session)
  const find = async (uploadId: string): Promise<Session | null> => {
    const text = await answered(client.get(prefix + sessionKey(uploadId)))
    return text === null ? null : (JSON.parse(text) as Session)
  }

  return {
    take: async (purse, { burst, perSecond }, now) => {
      return takenOf(await run(takeScript, [`bucket:${purse}`], [burst, perSecond, now, CLOCK_SKEW_MS]))
    },
    takeOnce: async ({ name, until }, purse, { burst, perSecond }, now) => {
      const life = Math.max(1, Math.ceil(until - now))
      const args = [burst, perSecond, now, CLOCK_SKEW_MS, life]
      const reply = await run(takeOnceScript, [`bucket:${purse}`, `nonce:${name}`], args)
      return reply === 'known' ? 'known' : takenOf(reply)
    },
    open: async (session, caps) => {
      const { uploadId, hotkey, bytes, expiresAt } = session
      const keys = [`open:${hotkey}`, sessionKey(uploadId), 'expiry']
      const args = [caps.uploads, caps.bytes, uploadId, bytes ?? reserved(session), expiresAt, JSON.stringify(session)]
      return String(await run(openScript, keys, args)) as Opening
    },
    find,
    openCount: async (hotkey) => await answered(client.hLen(`${prefix}open:${hotkey}`)),
    openOf: async (hotkey) => {
      const ids = await answered(client.hKeys(`${prefix}open:${hotkey}`))
      if (ids.length === 0) return []
      const texts = await answered(client.mGet(ids.map((id) => prefix + sessionKey(id))))
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
    keep: async (name, text) => void (await answered(client.set(`${prefix}kept:${name}`, text))),
    kept: async (name) => await answered(client.get(`${prefix}kept:${name}`)),
    ping: async () => void (await answered(client.ping())),
    close: async () => {
      // `close` waits for answers that are still to come.
      if (client.isOpen) await answered(client.close()).catch(() => client.destroy())
    },
  }
}

/** @param reply milliseconds to wait */
function takenOf(reply: unknown): Taken {
  const retryAfterMs = Number(reply)
  return retryAfterMs === 0 ? { ok: true } : { ok: false, retryAfterMs }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
