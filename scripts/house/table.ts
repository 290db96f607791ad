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
  rollout: { may: [] },
  signing: { may: [] },
  presign: { may: [] },
  sqlite: { may: [] },
  dataset: { may: [] },
  chain: { may: ['rollout'] },
  transfer: { may: ['http', 'presign', 'sqlite'] },
  'gateway-api': { may: ['signing', 'transfer'] },
  backends: { may: ['signing', 'transfer', 'gateway-api'] },
  storage: { may: ['rollout', 'sqlite', 'dataset', 'backends', 'command-line'], compose: ['chain'] },
  validator: { may: ['rollout', 'dataset', 'backends', 'command-line'], compose: ['chain'] },
  gateway: { may: ['gateway-api', 'signing', 'presign', 'sqlite', 'command-line'], compose: ['chain'] },
  'command-line': { may: [] },
  'config-cli': { may: ['rollout', 'chain', 'command-line'] },
  'dev-faults': { may: [] },
  'dev-chain': { may: [] },
  'dev-s3': { may: ['dev-faults'] },
  'dev-hub': { may: [] },
  devnet: null,
}
