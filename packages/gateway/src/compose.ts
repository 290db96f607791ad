import { loadVerifier } from '@sluice/hotkey/wasm'
/** Wires the gateway to chain, bucket and state; the only file that knows the chain. */
import { createGateway, type Gateway } from './gateway.ts'
import { createLog, type Log } from './log.ts'
import { readProxies, type Settings } from './settings.ts'
import type { Proxies } from '@sluice/http'
import type { State } from './state/state.ts'
import { createS3Store } from './store/s3.ts'
import { type SubnetView, type SubnetWatch, unlessAborted, watchSubnet } from './subnet.ts'

export interface RunningGateway {
  readonly gateway: Gateway
  readonly log: Log
  /** Reads the chain now, without waiting for the next round. */
  readonly refresh: () => Promise<void>
  /** Reads the chain if what is known is old, without a long wait. */
  readonly freshen: SubnetWatch['freshen']
  close(): Promise<void>
}

/** Without proxies: those of the environment. */
export type GatewaySettings = Settings & { readonly proxies?: Proxies | undefined }

/**
 * Opens everything that the settings name. The chain is read in the background: the first try is waited for, unless there
 * is a view from before.
 * @param stop ends the wait for the chain
 * @throws Error when the state cannot be opened; the signal's reason when it was stopped
 */
export async function openGateway(
  settings: GatewaySettings,
  log: Log = createLog(settings.logLevel),
  stop?: AbortSignal,
): Promise<RunningGateway> {
  const state = await openState(settings, log)
  const { proxies = readProxies() } = settings
  const reader = createChainReader(settings, proxies, log)
  const { netuid } = settings
  // Another chain has other blocks, so a view of one says nothing of the other, and a higher block would always win.
  const keptAs = `subnet-${netuid}@${settings.chainEndpoints.join() || settings.network}`
  const subnet = watchSubnet({
    read: reader.read,
    maxAgeMs: settings.chainMaxAgeSeconds * 1000,
    keep: {
      load: async () => await state.kept(keptAs),
      save: async (text) => await state.keep(keptAs, text),
    },
    warn: (message) => log.warn({ netuid }, message),
  })
  const { bucket, region, endpoint, credentials, checksumType } = settings
  const store = createS3Store({ bucket, region, endpoint, credentials, checksumType, proxies })
  const gateway = createGateway({
    publicUrls: settings.publicUrls,
    subnet,
    state,
    store,
    place: { bucket, region },
    log,
    verifySignature: await loadVerifier(),
    limits: settings.limits,
    admit: settings.admit,
    minValidatorStake: settings.minValidatorStake,
    corsOrigins: settings.corsOrigins,
    adapters: settings.adapters,
  })
  const close = async (): Promise<void> => {
    await subnet.close()
    await reader.close()
    store.close()
    await state.close()
  }
  try {
    await (stop === undefined ? subnet.ready : unlessAborted(stop, subnet.ready))
  } catch (error) {
    await close()
    throw error
  }
  return { gateway, log, refresh: subnet.refresh, freshen: subnet.freshen, close }
}

async function openState({ state, netuid, bucket }: Settings, log: Log): Promise<State> {
  // Only the one that is used is loaded: SQLite is a native module, and Redis is a connection.
  if (/^rediss?:\/\//.test(state)) {
    const { createRedisState } = await import('./state/redis.ts')
    // Gateways of another subnet or bucket may use the same server; their uploads are not ours to abort.
    const prefix = `{sluice:${netuid}:${bucket}}:`
    return await createRedisState({ url: state, prefix, warn: (message) => log.warn({}, message) })
  }
  const { createSqliteState } = await import('./state/sqlite.ts')
  return createSqliteState(state)
}

/** The chain's library is large, so it is loaded when the chain is read for the first time. */
function createChainReader(
  { netuid, network, chainEndpoints }: Settings,
  proxies: Proxies,
  log: Log,
): { readonly read: (signal: AbortSignal) => Promise<SubnetView>; close(): Promise<void> } {
  const open = async () => {
    const { createPolicySource, openChain, readStandings, resolveEndpoints } = await import('@sluice/chain')
    const endpoints = resolveEndpoints({
      ...(network === undefined ? {} : { network }),
      ...(chainEndpoints.length === 0 ? {} : { endpoint: chainEndpoints }),
    })
    const tell = (level: 'info' | 'warn', message: string): void => log[level]({ netuid }, message)
    const chain = openChain({ endpoints, proxies, log: tell })
    const policies = createPolicySource({ chain, netuid, log: tell })
    return { chain, read: async (signal: AbortSignal) => await readStandings(chain, netuid, policies, signal) }
  }
  let opened: ReturnType<typeof open> | null = null
  return {
    read: async (signal) => {
      const { read } = await (opened ??= open())
      const { block, neurons } = await read(signal)
      const standings = neurons.map(({ hotkey, stake: rao, uid, validatorPermit, standing }) => {
        const stake = rao === null ? null : Number(rao) / 1e9
        const { required, because, reason } = standing
        const mayWrite = required.includes('s3')
        return [hotkey, { uid, validatorPermit, stake, mayWrite, excluded: because === 'excluded', reason }] as const
      })
      return { block, standings: new Map(standings) }
    },
    close: async () => {
      const { chain } = (await opened?.catch(() => null)) ?? { chain: null }
      await chain?.close()
    },
  }
}
