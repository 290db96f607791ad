import type { DevS3 } from '@sluice/dev-s3'

/** A miner of the devnet: key, wallet and hub account. */
export interface DevMiner {
  readonly uid: number
  readonly uri: string
  readonly hotkey: string
  /** Folder under walletPath; the hotkey's file is called `default`. */
  readonly walletName: string
  readonly hfUser: string
  readonly hfToken: string
}

/** An S3 server as clients see it; `faults` only for our own one. */
export type DevnetS3 = Pick<DevS3, 'url' | 'region' | 'accessKeyId' | 'secretAccessKey'> & {
  readonly faults: DevS3['faults'] | null
}
