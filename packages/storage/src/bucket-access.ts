import {
  type BucketAccess,
  createDirectAccess,
  createGatewayAccess,
  type DirectAccessOptions,
  type TrustOptions,
} from '@sluice/backends'
import { type Hotkey, hotkeyPrefix } from '@sluice/hotkey'
import type { Proxies } from '@sluice/http'
import { type Policy, splitEndpoints } from '@sluice/rollout'
import { StorageError } from './errors.ts'

/** Direct access to the bucket, in place of the subnet's gateway. */
export interface S3Choice {
  readonly credentials: DirectAccessOptions['credentials']
  /** Replaces the endpoint of the policy. */
  readonly endpoint?: string
}

/** Whose keys open the subnet's bucket: the hotkey at the gateway of the policy, or credentials without it. */
export interface BucketKeys {
  readonly hotkey: Hotkey
  readonly s3?: S3Choice | undefined
  /** What endpoints of the policy may be; the policy is written by somebody else. */
  readonly trust?: Pick<TrustOptions, 'allowPrivateEndpoints' | 'pinnedHosts'> | undefined
  /** Proxies on the way; default none. */
  readonly proxies?: Proxies | undefined
}

/** The bucket under a policy, below the miner's prefix. */
export interface OpenBucket {
  readonly bucket: string
  /** Names the place, and nothing of the way there. */
  readonly identity: string
  /** Names the way too: another one needs a backend of its own. */
  readonly route: string
  /** `s3://bucket/data/hotkey=…/` */
  readonly where: string
  /** @throws BackendError `UNTRUSTED` */
  readonly access: () => BucketAccess
}

/** Calls nobody. @throws StorageError `NO_BACKEND` that says what is missing */
export function openBucket(keys: BucketKeys, policy: Policy): OpenBucket {
  const { hotkey, s3, trust = {}, proxies } = keys
  const { bucketName: bucket, region, endpoint: published, authEndpoint } = policy.s3
  if (bucket === null) throw new StorageError('NO_BACKEND', 'no policy names an S3 bucket; set SLUICE_S3_BUCKET')
  const endpoint = s3?.endpoint ?? published
  const prefix = hotkeyPrefix(hotkey.address)
  const where = `s3://${bucket}/${prefix}`
  const identity = `s3://${bucket} at ${endpoint ?? `AWS ${region}`}`
  const place = { bucket, identity, where }
  if (s3 !== undefined) {
    // One's own endpoint is one's own business; one from the chain is not.
    const rules = s3.endpoint === undefined ? { trust } : {}
    const direct = { bucket, prefix, region, endpoint, credentials: s3.credentials, proxies, ...rules }
    return { ...place, route: `${identity} with credentials`, access: () => createDirectAccess(direct) }
  }
  if (authEndpoint === null) {
    const text = 'the policy names no auth endpoint, and no credentials are set: ask the subnet owner, or set'
    throw new StorageError('NO_BACKEND', `${text} AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`)
  }
  const gateway = { endpoints: splitEndpoints(authEndpoint), hotkey, where, proxies, ...trust }
  return { ...place, route: `${identity} by ${authEndpoint}`, access: () => createGatewayAccess(gateway) }
}
