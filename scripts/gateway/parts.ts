import { setTimeout as sleep } from 'node:timers/promises'
import { createGateway, type Gateway } from '../../packages/gateway/src/gateway.ts'
import { loadVerifier } from '@sluice/hotkey/wasm'
import { createPresigner } from '@sluice/presign'
import { createSqliteState } from '../../packages/gateway/src/state/sqlite.ts'
import type { State } from '../../packages/gateway/src/state/state.ts'
import type { ObjectStore } from '../../packages/gateway/src/store/store.ts'
import type { Standing } from '../../packages/gateway/src/subnet.ts'

export const BASE = 'https://gateway.example.com'

/** A bucket that takes `delayMs` for every call and keeps nothing; presigning is the real one. */
function simulatedStore(delayMs: number): ObjectStore {
  const presigner = createPresigner({ bucket: 'subnet', region: 'us-east-1', endpoint: null })
  const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }
  const wait = async (): Promise<void> => {
    if (delayMs > 0) await sleep(delayMs)
  }
  return {
    presign: async (input) => presigner.presign(input, credentials, Date.now()),
    presignForm: async (input) => presigner.presignForm(input, credentials, Date.now()),
    // Known beforehand, so that the second request of a pair can be signed before the first is sent.
    create: async ({ key }) => (await wait(), uploadIdOf(key)),
    parts: async () => (await wait(), { parts: [], next: null }),
    complete: async () => (await wait(), { etag: '"e"' }),
    abort: wait,
    head: async () => (await wait(), { bytes: 1, etag: '"e"', metadata: {}, contentEncoding: null, crc32: null }),
    list: async () => (await wait(), { objects: [], next: null }),
    folders: async () => (await wait(), []),
    delete: wait,
    uploads: async () => (await wait(), { uploads: [], next: null }),
    close: () => undefined,
  }
}

export function uploadIdOf(key: string): string {
  return `upload-${key.slice(key.lastIndexOf('/') + 1)}`
}

const standing: Standing = {
  uid: 1,
  validatorPermit: true,
  stake: null,
  mayWrite: true,
  excluded: false,
  reason: 'in the cohort',
}
const unlimited = { burst: 1e9, perSecond: 1e9 }
const quiet = { info: () => undefined, warn: () => undefined, error: console.error }

function bounded(state: State, keepOpen: number): State {
  /** Oldest first. */
  const open = new Set<string>()
  return {
    ...state,
    open: async (session, caps) => {
      // The simulated bucket gives a key opened again the same id.
      const isAgain = open.delete(session.uploadId)
      const [oldest] = isAgain ? [session.uploadId] : open.size >= keepOpen ? open : []
      if (oldest !== undefined) open.delete(oldest)
      open.add(session.uploadId)
      const forgotten = oldest === undefined ? undefined : state.forget(oldest)
      const opened = state.open(session, caps)
      await forgotten
      return await opened
    },
  }
}

/** The whole gateway but chain and bucket, for these hotkeys. */
export async function benchGateway(options: {
  readonly hotkeys: readonly string[]
  readonly stateFile: string
  readonly storeMs: number
  readonly acceptAll?: boolean
  /** So many uploads stay open; older ones count as completed. */
  readonly keepOpen?: number
}): Promise<Gateway & { readonly state: State }> {
  const state = bounded(createSqliteState(options.stateFile), options.keepOpen ?? Number.POSITIVE_INFINITY)
  const view = { block: 1, standings: new Map(options.hotkeys.map((hotkey) => [hotkey, standing])) }
  const gateway = createGateway({
    publicUrls: [BASE],
    subnet: { current: () => ({ view, stale: false }), ageMs: () => 0, close: async () => undefined },
    state,
    store: simulatedStore(options.storeMs),
    place: { bucket: 'subnet', region: 'us-east-1' },
    verifySignature: options.acceptAll === true ? () => true : await loadVerifier(),
    log: quiet,
    limits: { perAddress: unlimited, perHotkey: unlimited, openUploads: 1_000_000 },
    adapters: ['iota', 'data-universe', 'tao-v2', 'knowlio'],
  })
  return { ...gateway, state }
}
