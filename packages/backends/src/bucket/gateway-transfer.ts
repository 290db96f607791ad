import { createNodeTransfer, type NodeTransfer, type NodeTransferOptions } from '@sluice/transfer/node'
import { createGatewayClient, type GatewayClient, type GatewayClientOptions } from './gateway-client.ts'
import { createTrustedSender } from '../trust/trusted-fetch.ts'

export interface GatewayTransferOptions
  extends GatewayClientOptions, Omit<NodeTransferOptions, 'sessions' | 'sender' | 'now'> {}

const USUAL_MEMORY = 64 * 1024 ** 2

/** Resumable transfers through a gateway: it signs, the bytes go to the store directly. @throws TransferError */
export function createGatewayTransfer(options: GatewayTransferOptions): NodeTransfer {
  const { endpoints, hotkey, deadlineMs, completeMs, now, allowPrivateEndpoints, pinnedHosts, lookup, ...rest } =
    options
  const trust = { allowPrivateEndpoints, pinnedHosts, lookup }
  const client = createGatewayClient({ ...trust, endpoints, hotkey, deadlineMs, completeMs, now })
  return openTransfer(client, { ...rest, completeMs })
}

/** The same for a client that is there. */
export function openTransfer(
  client: GatewayClient,
  options: Omit<NodeTransferOptions, 'sessions' | 'sender' | 'now'>,
): NodeTransfer {
  const { sessions, trust, now, callMs } = client
  // One part at least must fit.
  const memoryBudget = options.memoryBudget ?? Math.max(USUAL_MEMORY, options.partSize ?? 0)
  // URLs end by the gateway's clock.
  return createNodeTransfer({ callMs, ...options, memoryBudget, sessions, now, sender: createTrustedSender(trust) })
}
