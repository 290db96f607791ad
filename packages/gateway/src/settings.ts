import process from 'node:process'
import {
  accessSettings,
  BadValue,
  chainSettings,
  CommandError,
  type Environment,
  exactly,
  type Given,
  listOf,
  needed,
  oneOf,
  optional,
  preset,
  type Reader,
  resolve,
  type Setting,
  type Settings as Declared,
  whole,
  words,
} from '@sluice/command-line'
import { type Proxies, proxiesFrom } from '@sluice/http'
import { adapterNames, type AdapterName } from './compat/adapters.ts'
import { defaultLimits, type Limits } from './limits.ts'
import type { ChecksumType } from './store/s3.ts'

/** The process's environment; the one place that reads it. */
export function environment(): Environment {
  return process.env
}

/** What `sluice-gateway` and the Lambda handler are told. */
export interface Settings {
  readonly host: string
  readonly port: number
  readonly publicUrls: readonly string[]
  readonly trustedProxies: number
  readonly corsOrigins: readonly string[]
  readonly netuid: number
  readonly network: string | undefined
  readonly chainEndpoints: readonly string[]
  readonly chainMaxAgeSeconds: number
  readonly admit: 'cohort' | 'registered'
  readonly minValidatorStake: number
  readonly bucket: string
  readonly region: string
  /** Null = AWS. */
  readonly endpoint: string | null
  readonly checksumType: ChecksumType
  /** Undefined: the SDK looks for a role. */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string | undefined }
    | undefined
  /** A path, `:memory:`, `redis://` or `rediss://`. */
  readonly state: string
  readonly adapters: readonly AdapterName[]
  readonly logLevel: string
  readonly limits: Pick<Limits, 'objectBytes' | 'openUploads' | 'urlSeconds' | 'uploadSeconds'>
}

/** The settings as they are said, before what hangs together is put together. */
export interface Said
  extends
    Omit<Settings, 'chainEndpoints' | 'endpoint' | 'checksumType' | 'credentials' | 'limits'>,
    Pick<Limits, 'objectBytes' | 'openUploads' | 'urlSeconds' | 'uploadSeconds'> {
  /** Of the chain. */
  readonly endpoint: string | undefined
  readonly s3Endpoint: string | undefined
  readonly checksum: ChecksumType | undefined
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  readonly sessionToken: string | undefined
}

const httpUrl: Reader<string> = (text) => {
  if (/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '')) return text
  throw new BadValue('must be an http or https URL')
}
const someUrls: Reader<readonly string[]> = (text) => {
  const urls = listOf(httpUrl)(text)
  if (urls.length === 0) throw new BadValue('must be at least one http or https URL')
  return urls
}
const stake: Reader<number> = (text) => {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= 0 && value < Infinity) return value
  throw new BadValue('must be a number, 0 or more')
}

const server = 'Server'
const bucket = 'Bucket'
const limits = 'Limits'
const gateway = (name: string, group: string, meaning: string) => ({
  variables: [`SLUICE_GATEWAY_${name}`],
  group,
  meaning,
})
const within = (least: number, most: number, initial: number, name: string, meaning: string): Setting<number> =>
  preset(whole(least, most), initial, gateway(name, limits, meaning))

/** Everything can be set in the environment; flags say which subnet of which chain, and where to listen. */
export const declared: Declared<Said> = {
  ...chainSettings,
  network: { ...chainSettings.network, shown: 'none: say this or endpoints' },
  host: preset(words, '127.0.0.1', {
    ...gateway('HOST', server, 'address to listen on'),
    flag: 'host',
    value: 'address',
  }),
  port: preset(whole(0, 65_535), 8080, { ...gateway('PORT', server, 'port to listen on'), flag: 'port', value: 'n' }),
  publicUrls: needed(
    someUrls,
    gateway('PUBLIC_URL', server, 'URLs under which clients reach it; the first is the main one'),
  ),
  trustedProxies: preset(
    whole(0, 8),
    0,
    gateway('TRUSTED_PROXIES', server, 'proxies in front whose X-Forwarded-For counts'),
  ),
  corsOrigins: preset(
    listOf(words),
    [],
    gateway('CORS_ORIGINS', server, 'origins of browsers that may ask, with commas'),
  ),
  state: preset(
    words,
    'sluice-gateway.sqlite',
    gateway('STATE', server, 'file, :memory:, or redis:// URL of its state'),
  ),
  logLevel: preset(oneOf('error', 'warn', 'info'), 'info', gateway('LOG_LEVEL', server, 'what is logged')),
  adapters: preset(
    listOf(oneOf(...adapterNames)),
    [],
    gateway('ADAPTERS', server, `protocols of the originals that are spoken too: ${adapterNames.join(', ')}`),
  ),
  chainMaxAgeSeconds: within(60, 86_400, 600, 'CHAIN_MAX_AGE', 'seconds after which what is known of the chain is old'),
  admit: preset(oneOf('cohort', 'registered'), 'cohort', gateway('ADMIT', limits, 'who may upload')),
  minValidatorStake: preset(
    stake,
    0,
    gateway('MIN_VALIDATOR_STAKE', limits, 'stake that a validator needs to read, in TAO'),
  ),
  objectBytes: within(1, Number.MAX_SAFE_INTEGER, defaultLimits.objectBytes, 'MAX_OBJECT_BYTES', 'largest object'),
  openUploads: within(1, 10_000, defaultLimits.openUploads, 'MAX_OPEN_UPLOADS', 'unfinished uploads of one hotkey'),
  urlSeconds: within(60, 3_600, defaultLimits.urlSeconds, 'URL_SECONDS', 'how long a presigned URL lives'),
  uploadSeconds: within(600, 7 * 86_400, defaultLimits.uploadSeconds, 'UPLOAD_SECONDS', 'how long an upload may take'),
  bucket: needed(words, { variables: ['SLUICE_S3_BUCKET'], group: bucket, meaning: 'the bucket' }),
  region: preset(words, 'us-east-1', { variables: ['SLUICE_S3_REGION'], group: bucket, meaning: 'its region' }),
  s3Endpoint: optional(httpUrl, {
    variables: ['SLUICE_S3_ENDPOINT'],
    group: bucket,
    meaning: 'S3 server other than AWS',
  }),
  checksum: optional(oneOf('full-object', 'composite'), {
    variables: ['SLUICE_S3_CHECKSUM'],
    group: bucket,
    meaning: 'kind of CRC-32 of multipart objects',
    shown: 'full-object; composite on R2',
  }),
  accessKeyId: optional(words, {
    variables: ['AWS_ACCESS_KEY_ID'],
    group: bucket,
    meaning: 'access key of the bucket; without it a role is looked for',
  }),
  secretAccessKey: optional(exactly, { ...accessSettings.secretAccessKey, group: bucket }),
  sessionToken: optional(exactly, { ...accessSettings.sessionToken, group: bucket }),
}

/** Names every variable, for the guide. */
export const variables: readonly string[] = Object.values(declared).flatMap(({ variables: names = [] }) => names)

/**
 * Flags, then the environment; an empty variable counts as not set.
 * @throws CommandError USAGE that lists everything that is missing or wrong
 */
export function readSettings(environment: Environment, given: Given = {}): Settings {
  return settled(resolve(declared, given, environment))
}

/** Puts together what hangs together. @throws CommandError USAGE */
export function settled(said: Said): Settings {
  const { endpoint, s3Endpoint, checksum, accessKeyId, secretAccessKey, sessionToken, ...rest } = said
  const { objectBytes, openUploads, urlSeconds, uploadSeconds, ...settings } = rest
  const chainEndpoints = endpoint === undefined ? [] : listOf(words)(endpoint)
  if (settings.network === undefined && chainEndpoints.length === 0) {
    throw new CommandError('USAGE', 'Set SLUICE_NETWORK (finney, test, local) or SLUICE_CHAIN_ENDPOINT (wss://…).')
  }
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const text = 'Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither to use a role.'
    throw new CommandError('USAGE', text)
  }
  return {
    ...settings,
    chainEndpoints,
    endpoint: s3Endpoint ?? null,
    checksumType: checksum ?? checksumTypeOf(s3Endpoint),
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, sessionToken },
    limits: { objectBytes, openUploads, urlSeconds, uploadSeconds },
  }
}

/** R2 refuses CRC-32 of whole multipart objects. */
function checksumTypeOf(endpoint = ''): ChecksumType {
  return /^https:\/\/[^/]+\.r2\.cloudflarestorage\.com(?:[:/]|$)/.test(endpoint) ? 'composite' : 'full-object'
}

/** Proxies on the way to others, by the rules of curl. @throws ProxyError `BAD_PROXY` */
export function readProxies(environment: Readonly<Record<string, string | undefined>> = process.env): Proxies {
  return proxiesFrom(environment)
}
