/** What the `src` of a package may import of ours. */
export interface Allowed {
  readonly may: readonly string[]
  /** Only its `compose.ts` may import these. */
  readonly compose?: readonly string[]
}

/** Each package with what it may import; `docs/architecture.md` shows the same. Null: anything. */
export type HouseTable = Readonly<Record<string, Allowed | null>>

export const table: HouseTable = {
  http: { may: [] },
  hotkey: { may: [] },
  rollout: { may: ['hotkey'] },
  signing: { may: ['hotkey'] },
  presign: { may: [] },
  sqlite: { may: [] },
  dataset: { may: ['hotkey'] },
  chain: { may: ['hotkey', 'http', 'rollout'] },
  transfer: { may: ['http', 'presign', 'sqlite'] },
  'gateway-api': { may: ['hotkey', 'signing', 'transfer'] },
  backends: { may: ['hotkey', 'http', 'transfer', 'gateway-api'] },
  storage: {
    may: ['hotkey', 'http', 'rollout', 'sqlite', 'dataset', 'transfer', 'backends', 'command-line'],
    compose: ['chain'],
  },
  validator: { may: ['hotkey', 'http', 'rollout', 'dataset', 'backends', 'command-line'], compose: ['chain'] },
  gateway: {
    may: ['hotkey', 'http', 'gateway-api', 'signing', 'presign', 'sqlite', 'command-line'],
    compose: ['chain'],
  },
  'command-line': { may: [] },
  'config-cli': { may: ['hotkey', 'http', 'rollout', 'chain', 'command-line'] },
  'dev-faults': { may: [] },
  'dev-chain': { may: [] },
  'dev-s3': { may: ['dev-faults'] },
  'dev-hub': { may: ['dev-faults'] },
  devnet: null,
}
