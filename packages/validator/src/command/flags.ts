import {
  accessSettings,
  type AccessValues,
  BadValue,
  chainSettings,
  type ChainValues,
  needed,
  optional,
  preset,
  type Settings,
  several,
  toggle,
  walletSettings,
  type WalletValues,
  whole,
  words,
} from '@sluice/command-line'

/** Flags of every command. */
export interface CommonFlags extends ChainValues, WalletValues, AccessValues {
  readonly s3Bucket: string | undefined
  readonly s3Region: string | undefined
  readonly pointers: string | undefined
  readonly state: string | undefined
}

export interface CheckFlags extends CommonFlags {
  readonly miner: string
  readonly uris: readonly string[]
  readonly source: string | number | undefined
  readonly bucket: number | undefined
  readonly datetime: string | undefined
  readonly entities: string | undefined
  readonly samples: number | undefined
}

export interface MonitorFlags extends CommonFlags {
  readonly once: boolean
  readonly interval: number
  readonly metricsPort: number | undefined
  readonly metricsHost: string
}

function share(text: string): number {
  if (/^\d{1,3}(\.\d{1,6})?$/.test(text)) return Number(text)
  throw new BadValue('must be a number from 0 to 999')
}

const direct = (flag: string | undefined, variable: string, meaning: string) => ({
  ...(flag === undefined ? {} : { flag }),
  value: 'name',
  variables: [variable],
  group: 'S3',
  meaning,
})

const commonSettings: Settings<CommonFlags> = {
  ...chainSettings,
  ...walletSettings,
  ...accessSettings,
  s3Bucket: optional(
    words,
    direct('s3-bucket', 'SLUICE_S3_BUCKET', "with direct credentials: another than the policy's"),
  ),
  s3Region: optional(
    words,
    direct(undefined, 'SLUICE_S3_REGION', "with direct credentials: another than the policy's"),
  ),
  pointers: optional(words, {
    flag: 'pointers',
    value: 'file',
    group: 'HuggingFace',
    meaning: 'JSON {"hotkey": "namespace/name"} that wins over the chain',
  }),
  state: optional(words, {
    flag: 'state',
    value: 'file',
    meaning: 'remembers manifest sequences, so that going back is noticed later',
  }),
}

const uri = 'What to look for'

export const checkSettings: Settings<CheckFlags> = {
  miner: needed(words, { flag: 'hotkey', value: 'ss58', group: uri, meaning: 'the miner (here not the wallet)' }),
  uris: several(words, {
    flag: 'uri',
    value: 'uri',
    group: uri,
    meaning: 'URIs; without any, its manifests are judged',
  }),
  source: optional((text) => (/^\d+$/.test(text) ? Number(text) : text), {
    flag: 'source',
    value: 's',
    group: uri,
    meaning: 'source of the --uri: 1, 2, x, reddit, …',
  }),
  bucket: optional(whole(0, 999_999_999), {
    flag: 'bucket',
    value: 'n',
    group: uri,
    meaning: 'hour of the --uri, counted since 1970',
  }),
  datetime: optional(words, {
    flag: 'datetime',
    value: 'date',
    group: uri,
    meaning: 'date of the --uri, in place of --bucket',
  }),
  entities: optional(words, {
    flag: 'entities',
    value: 'file',
    group: uri,
    meaning: 'JSON lines or CSV: uri, source, timeBucketId or datetime',
  }),
  samples: optional(share, {
    flag: 'samples',
    value: 'n',
    group: uri,
    meaning: 'files per backend to read whole; 0.1 = now and then',
    shown: '1',
  }),
  ...commonSettings,
}

export const monitorSettings: Settings<MonitorFlags> = {
  once: toggle({ flag: 'once', meaning: 'one sweep, then end' }),
  interval: preset(whole(1, 86_400), 600, { flag: 'interval', value: 'seconds', meaning: 'time between sweeps' }),
  metricsPort: optional(whole(0, 65_535), {
    flag: 'metrics-port',
    value: 'port',
    group: 'Metrics',
    meaning: 'serve /metrics and /healthz there',
  }),
  metricsHost: preset(words, '127.0.0.1', {
    flag: 'metrics-host',
    value: 'address',
    group: 'Metrics',
    meaning: 'address to serve on',
  }),
  ...commonSettings,
}
