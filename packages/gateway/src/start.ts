import { type App, refuse } from './http/refusal.ts'
import { type GatewaySettings, openGateway } from './compose.ts'
import { GatewayError } from './errors.ts'
import { serve } from './http/node-server.ts'
import { runJanitor } from './janitor.ts'
import { defaultLimits } from './limits.ts'
import { createLog, type Log } from './log.ts'

/** A gateway that listens. */
export interface StartedGateway {
  /** The main URL under which clients reach it. */
  readonly url: string
  readonly port: number
  /** Reads the chain now, without waiting for the next round. */
  readonly refresh: () => Promise<void>
  /** Takes no more requests, lets running ones end, closes everything. */
  close(): Promise<void>
}

/**
 * Listens, then opens state, chain and bucket; until that is done requests are answered 503. Without a public URL in the
 * settings it is the loopback address that it listens on, which is for development only.
 * @param stop ends the start; afterwards `close` does
 * @throws Error when the port is taken or the state cannot be opened; the signal's reason when it was stopped
 */
export async function startGateway(
  settings: GatewaySettings,
  log: Log = createLog(settings.logLevel),
  stop?: AbortSignal,
): Promise<StartedGateway> {
  const { host, port, trustedProxies } = settings
  let app: App | null = null
  const starting = refuse(new GatewayError('STORE_UNAVAILABLE', 'The gateway is starting.', { retryAfterSeconds: 1 }))
  const server = await serve({
    app: {
      handle: async (request) => (app === null ? starting : await app.handle(request)),
      // A client gives up at 413, and comes back after 503; so what it sends meanwhile is read, and thrown away.
      maxBody: (method, target) => app?.maxBody(method, target) ?? defaultLimits.completeBodyBytes,
    },
    host,
    port,
    trustedProxies,
  })
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
  const publicUrls = settings.publicUrls.length === 0 ? [own] : settings.publicUrls
  try {
    const running = await openGateway({ ...settings, publicUrls }, log, stop)
    app = running.gateway
    const janitor = runJanitor(running.gateway.janitor, log)
    const { netuid, bucket } = settings
    log.info({ host, port: server.port, publicUrls, netuid, bucket }, 'listening')
    return {
      url: publicUrls[0] ?? own,
      port: server.port,
      refresh: running.refresh,
      close: async () => {
        await server.close()
        await janitor.stop()
        await running.close()
      },
    }
  } catch (error) {
    await server.close()
    throw error
  }
}
