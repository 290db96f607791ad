import { join } from 'node:path'
import { hotkeyFromUri } from '@sluice/chain'
import type { Devnet } from '@sluice/devnet'
import { createStorageFromConfig, type DualStorage, type Log, type Receipt } from '@sluice/storage'
import { addRows, type Row } from './databases.ts'

/** One miner of the demo, as its operator would run it. */
export interface DemoMiner {
  readonly name: string
  readonly hotkey: string
  readonly storage: DualStorage
  /** Rows it has scraped so far. */
  readonly rows: Row[]
  scrape(rows: readonly Row[]): void
}

const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined }

/** Starts a miner per neuron of the devnet, all with the one factory call of the README. */
export async function startMiners(devnet: Devnet, folder: string): Promise<DemoMiner[]> {
  const miners: DemoMiner[] = []
  for (const { uri, hotkey, walletName, hfToken } of devnet.miners) {
    const dbPath = join(folder, `${walletName}.sqlite`)
    addRows(dbPath, [])
    const storage = await createStorageFromConfig({
      chain: { endpoints: [devnet.chain.url] },
      netuid: devnet.chain.netuid,
      hotkey: await hotkeyFromUri(uri),
      dbPath,
      stateFile: join(folder, `${walletName}.state.sqlite`),
      huggingFace: { token: hfToken, hubUrl: devnet.hub.url },
      trust: { allowPrivateEndpoints: true },
      environment: {},
      log: silent,
      // An outage of the demo lasts seconds, not hours: short pauses, and a breaker that soon tries again.
      calls: { attempts: 2, backoffMs: 50, maxBackoffMs: 100, breakMs: 1 },
    })
    const rows: Row[] = []
    miners.push({
      name: walletName,
      hotkey,
      storage,
      rows,
      scrape: (fresh) => {
        addRows(dbPath, fresh)
        rows.push(...fresh)
      },
    })
  }
  return miners
}

/** One cycle of every miner, a few at a time. */
export async function uploadAll(miners: readonly DemoMiner[], signal: AbortSignal): Promise<Receipt[]> {
  const receipts: Receipt[] = []
  const queue = [...miners.entries()]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, miner] = next
      receipts[index] = await miner.storage.uploadData({ signal })
    }
  }
  await Promise.all([work(), work(), work()])
  return receipts
}
