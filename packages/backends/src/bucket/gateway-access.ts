import { createTrustedSender } from '../trust/trusted-fetch.ts'
import type { BucketAccess } from './access.ts'
import { createGatewayClient, type GatewayClientOptions } from './gateway-client.ts'

export interface GatewayAccessOptions extends GatewayClientOptions {
  /** Where the keys are, for people: `s3://bucket/data/hotkey=…/`. */
  readonly where: string
}

/**
 * The subnet's bucket through its gateway, with nothing but the hotkey: the gateway signs single requests below the
 * hotkey's own prefix, and the bytes go straight to the store. Calls nobody.
 */
export function createGatewayAccess(options: GatewayAccessOptions): BucketAccess {
  const { sessions, trust, callMs, completeMs, now } = createGatewayClient(options)
  return { where: options.where, sessions, createSender: () => createTrustedSender(trust), callMs, completeMs, now }
}
