import { decodePointer } from '@sluice/rollout'
import type { Chain } from '../chain.ts'
import { finalizedHead } from '../connection.ts'
import { ChainError } from '../errors.ts'
import { readHotkeys } from './metagraph.ts'
import { checkNetuid } from './policy-record.ts'
import { decodeRegistration } from './registration.ts'
import { item, readRaw } from '../state-read.ts'

/**
 * Where each registered hotkey says its HuggingFace data is: `namespace/name` by ss58 address, all at one finalized
 * block (four calls for 256 neurons). Hotkeys without a pointer are not in the map; what a pointer leads to is not
 * trusted, only the signed manifest there is.
 * @throws ChainError whatever the connection fails with
 */
export async function readPointers(
  chain: Chain,
  netuid: number,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  checkNetuid(netuid)
  return await chain.use(async (connection) => {
    const head = await finalizedHead(connection, signal)
    const hotkeys = await readHotkeys(connection, netuid, head.hash, signal)
    const items = hotkeys.map((hotkey) => item('commitments', 'commitmentOf', netuid, hotkey))
    const commitments = await readRaw(connection, items, head.hash, signal)
    const pointers = new Map<string, string>()
    for (const [index, hotkey] of hotkeys.entries()) {
      const raw = commitments[index]
      const repository = raw == null ? null : pointerIn(() => decodeRegistration(connection.api, raw).fields)
      if (repository !== null) pointers.set(hotkey, repository)
    }
    return pointers
  }, signal)
}

/** One miner's undecodable commitment must not hide all the others. */
function pointerIn(read: () => Parameters<typeof decodePointer>[0]): string | null {
  try {
    return decodePointer(read())
  } catch (error) {
    if (ChainError.is(error) && error.code === 'PROTOCOL') return null
    throw error
  }
}
