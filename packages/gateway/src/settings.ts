import process from 'node:process'
import { z } from 'zod'
import { adapterNames, type AdapterName } from './compat/adapters.ts'
import { defaultLimits, type Limits } from './limits.ts'
import type { ChecksumType } from './store/s3.ts'

/** The process's environment; the one place that reads it. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

/** A setting is missing or wrong. The message names the variable. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/** What `sluice-gateway` and the Lambda handler are told; everything comes from the environment. */
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

const text = z.string().trim().min(1)
const list = text.transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)
const number = (min: number, max: number): z.ZodType<number> => z.coerce.number().int().min(min).max(max)
const httpUrl = z.url({ protocol: /^https?$/ })
const adapter = z.enum(adapterNames)

const schema = z.object({
  SLUICE_GATEWAY_HOST: text.default('127.0.0.1'),
  SLUICE_GATEWAY_PORT: number(0, 65_535).default(8080),
  SLUICE_GATEWAY_PUBLIC_URL: list.pipe(z.array(httpUrl).min(1)),
  SLUICE_GATEWAY_TRUSTED_PROXIES: number(0, 8).default(0),
  SLUICE_GATEWAY_CORS_ORIGINS: list.default([]),
  SLUICE_NETUID: number(0, 65_535),
  SLUICE_NETWORK: text.optional(),
  SLUICE_CHAIN_ENDPOINT: list.default([]),
  SLUICE_GATEWAY_CHAIN_MAX_AGE: number(60, 86_400).default(600),
  SLUICE_GATEWAY_ADMIT: z.enum(['cohort', 'registered']).default('cohort'),
  SLUICE_GATEWAY_MIN_VALIDATOR_STAKE: z.coerce.number().min(0).default(0),
  SLUICE_S3_BUCKET: text,
  SLUICE_S3_REGION: text.default('us-east-1'),
  SLUICE_S3_ENDPOINT: httpUrl.optional(),
  SLUICE_S3_CHECKSUM: z.enum(['full-object', 'composite']).optional(),
  AWS_ACCESS_KEY_ID: text.optional(),
  AWS_SECRET_ACCESS_KEY: text.optional(),
  AWS_SESSION_TOKEN: text.optional(),
  SLUICE_GATEWAY_STATE: text.default('sluice-gateway.sqlite'),
  SLUICE_GATEWAY_ADAPTERS: list.pipe(z.array(adapter)).default([]),
  SLUICE_GATEWAY_LOG_LEVEL: z.enum(['error', 'warn', 'info']).default('info'),
  SLUICE_GATEWAY_MAX_OBJECT_BYTES: number(1, Number.MAX_SAFE_INTEGER).default(defaultLimits.objectBytes),
  SLUICE_GATEWAY_MAX_OPEN_UPLOADS: number(1, 10_000).default(defaultLimits.openUploads),
  SLUICE_GATEWAY_URL_SECONDS: number(60, 3_600).default(defaultLimits.urlSeconds),
  SLUICE_GATEWAY_UPLOAD_SECONDS: number(600, 7 * 86_400).default(defaultLimits.uploadSeconds),
})

/** Names every variable, for the help text. */
export const variables: readonly string[] = Object.keys(schema.shape)

/**
 * Reads the environment; an empty variable counts as not set.
 * @throws SettingsError that lists every variable that is missing or wrong
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(variables.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])))
  const parsed = schema.safeParse(given)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path: [name], message }) =>
      given[String(name)] === undefined ? `${String(name)} is missing` : `${String(name)}: ${message}`,
    )
    throw new SettingsError(`${[...new Set(lines)].join('; ')}. See docs/gateway.md for what each is.`)
  }
  const env = parsed.data
  if (env.SLUICE_NETWORK === undefined && env.SLUICE_CHAIN_ENDPOINT.length === 0) {
    throw new SettingsError('Set SLUICE_NETWORK (finney, test, local) or SLUICE_CHAIN_ENDPOINT (wss://…).')
  }
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new SettingsError('Set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither to use a role.')
  }
  return {
    host: env.SLUICE_GATEWAY_HOST,
    port: env.SLUICE_GATEWAY_PORT,
    publicUrls: env.SLUICE_GATEWAY_PUBLIC_URL,
    trustedProxies: env.SLUICE_GATEWAY_TRUSTED_PROXIES,
    corsOrigins: env.SLUICE_GATEWAY_CORS_ORIGINS,
    netuid: env.SLUICE_NETUID,
    network: env.SLUICE_NETWORK,
    chainEndpoints: env.SLUICE_CHAIN_ENDPOINT,
    chainMaxAgeSeconds: env.SLUICE_GATEWAY_CHAIN_MAX_AGE,
    admit: env.SLUICE_GATEWAY_ADMIT,
    minValidatorStake: env.SLUICE_GATEWAY_MIN_VALIDATOR_STAKE,
    bucket: env.SLUICE_S3_BUCKET,
    region: env.SLUICE_S3_REGION,
    endpoint: env.SLUICE_S3_ENDPOINT ?? null,
    checksumType: env.SLUICE_S3_CHECKSUM ?? checksumTypeOf(env.SLUICE_S3_ENDPOINT),
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? undefined
        : { accessKeyId, secretAccessKey, sessionToken },
    state: env.SLUICE_GATEWAY_STATE,
    adapters: env.SLUICE_GATEWAY_ADAPTERS,
    logLevel: env.SLUICE_GATEWAY_LOG_LEVEL,
    limits: {
      objectBytes: env.SLUICE_GATEWAY_MAX_OBJECT_BYTES,
      openUploads: env.SLUICE_GATEWAY_MAX_OPEN_UPLOADS,
      urlSeconds: env.SLUICE_GATEWAY_URL_SECONDS,
      uploadSeconds: env.SLUICE_GATEWAY_UPLOAD_SECONDS,
    },
  }
}

/** R2 refuses CRC-32 of whole multipart objects. */
function checksumTypeOf(endpoint = ''): ChecksumType {
  return /^https:\/\/[^/]+\.r2\.cloudflarestorage\.com(?:[:/]|$)/.test(endpoint) ? 'composite' : 'full-object'
}
