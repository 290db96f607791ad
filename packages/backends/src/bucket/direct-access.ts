import type { Proxies } from '@sluice/http'
import { createDirectSessions, createHttpSender, type DirectSessionsOptions } from '@sluice/transfer/node'
import { BackendError } from '../port/errors.ts'
import { checkPrefix } from '../port/key.ts'
import { createTrust, type TrustOptions } from '../trust/endpoint-trust.ts'
import { createTrustedSender } from '../trust/trusted-fetch.ts'
import type { BucketAccess } from './access.ts'

export interface DirectAccessOptions extends Pick<DirectSessionsOptions, 'bucket' | 'credentials'> {
  /** Put before every key; empty or ending with `/`. Default empty. */
  readonly prefix?: string | undefined
  /** Default `us-east-1`. */
  readonly region?: string | undefined
  /** Base URL of an S3-compatible store; null or absent = AWS. */
  readonly endpoint?: string | null | undefined
  /** For an endpoint that comes from the chain: where it may lead. Default anywhere. */
  readonly trust?: TrustOptions | undefined
  /** Proxies on the way; default none. */
  readonly proxies?: Proxies | undefined
  /** How long the store may take for an answer, milliseconds; default 60,000. */
  readonly callMs?: number | undefined
  /** The same while it assembles an object; default 300,000. */
  readonly completeMs?: number | undefined
}

/** A bucket with credentials: AWS, or any S3-compatible store. Calls nobody. @throws BackendError `BAD_KEY`, `UNTRUSTED` */
export function createDirectAccess(options: DirectAccessOptions): BucketAccess {
  const { bucket, prefix = '', region, endpoint = null, credentials, trust: rules, proxies } = options
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new BackendError('BAD_KEY', `The prefix ${prefix} must end with "/".`, { retryable: false })
  }
  checkPrefix(prefix)
  const trust = endpoint === null || rules === undefined ? null : createTrust({ ...rules, proxies })
  if (endpoint !== null) trust?.check(endpoint)
  const sessions = createDirectSessions({
    bucket,
    prefix,
    credentials,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(trust ?? { proxies }),
  })
  return {
    where: `s3://${bucket}/${prefix}`,
    sessions,
    createSender: () => (trust === null ? createHttpSender({ proxies }) : createTrustedSender(trust)),
    callMs: options.callMs ?? 60_000,
    completeMs: options.completeMs ?? 300_000,
    now: Date.now,
  }
}
