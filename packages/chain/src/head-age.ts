import { hexToU8a } from '@polkadot/util'
import { type Connection, finalizedHead } from './connection.ts'
import { readBytes } from './wire.ts'

/**
 * Age of the newest finalized block in milliseconds, by the timestamp the block carries; 0 when the runtime keeps none.
 * The head's own clock is used, not its number: an endpoint cut off from its peers goes on answering.
 */
export async function headAge(connection: Connection, now: () => number, signal?: AbortSignal): Promise<number> {
  const timestamp = connection.api.query['timestamp']?.['now']
  if (timestamp === undefined) return 0
  const head = await finalizedHead(connection, signal)
  const value = await connection.send('state_getStorage', [timestamp.key(), head.hash], signal)
  if (value === null) return 0
  // Pallet timestamp: u64 little-endian, Unix milliseconds.
  const bytes = hexToU8a(readBytes(value))
  if (bytes.length !== 8) return 0
  return now() - Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
}
