import { u8aConcat } from '@polkadot/util'
import type { Chain } from '../chain.ts'
import { type Connection, finalizedHead } from '../connection.ts'
import { ChainError } from '../errors.ts'
import type { Metagraph } from './neuron.ts'
import { checkNetuid, readOwners } from './policy-record.ts'
import { readSelective } from './selective.ts'
import { callRuntime, decodeExactly, decodeValue, item, readRaw, u16, vec } from '../state-read.ts'

type Neurons = Pick<Metagraph, 'ownerHotkey' | 'ownerColdkey' | 'neurons'>

/** Indexes of get_selective_metagraph: owner_hotkey, owner_coldkey, hotkeys, coldkeys, validator_permit, total_stake (`rpc_info/metagraph.rs`). */
const wanted = [5, 6, 52, 53, 57, 69]

/**
 * The subnet's neurons in one runtime call, or from storage on runtimes without it (spec 218, say).
 * @throws ChainError NO_SUBNET and whatever the connection fails with
 */
export async function readMetagraph(chain: Chain, netuid: number, signal?: AbortSignal): Promise<Metagraph> {
  checkNetuid(netuid)
  return await chain.use(async (connection) => {
    const head = await finalizedHead(connection, signal)
    const found =
      (await fromRuntime(connection, netuid, head.hash, signal)) ??
      (await neuronsFromStorage(connection, netuid, head.hash, signal))
    return { netuid, block: head.block, blockHash: head.hash, ...found }
  }, signal)
}

/** Null when this runtime has no selective metagraph, or gives one that is incomplete or that its metadata does not describe. */
async function fromRuntime(
  connection: Connection,
  netuid: number,
  blockHash: string,
  signal: AbortSignal | undefined,
): Promise<Neurons | null> {
  const type = selectiveType(connection)
  if (type === null) return null
  try {
    const input = u8aConcat(u16(netuid), vec(wanted.map(u16)))
    const method = 'SubnetInfoRuntimeApi_get_selective_metagraph'
    const raw = await callRuntime(connection, method, input, blockHash, signal)
    return readSelective(decodeExactly(connection.api, type, raw, 'The selective metagraph').toJSON())
  } catch (error) {
    if (ChainError.is(error) && (error.code === 'NODE_ERROR' || error.code === 'PROTOCOL')) return null
    throw error
  }
}

/** The return type's name in this runtime's metadata. */
function selectiveType({ api }: Connection): string | null {
  const runtimeApi = api.registry.metadata.apis?.find(({ name }) => name.toString() === 'SubnetInfoRuntimeApi')
  const method = runtimeApi?.methods.find(({ name }) => name.toString() === 'get_selective_metagraph')
  return method === undefined ? null : api.registry.createLookupType(method.output)
}

/** The same from storage: five calls. */
export async function neuronsFromStorage(
  connection: Connection,
  netuid: number,
  blockHash: string,
  signal?: AbortSignal,
): Promise<Neurons> {
  const { api } = connection
  const { ownerHotkey, ownerColdkey } = await readOwners(connection, netuid, blockHash, signal)
  const hotkeys = await readHotkeys(connection, netuid, blockHash, signal)
  const [permits, ...coldkeys] = await readRaw(
    connection,
    [
      item('subtensorModule', 'validatorPermit', netuid),
      ...hotkeys.map((key) => item('subtensorModule', 'owner', key)),
    ],
    blockHash,
    signal,
  )
  const permitted =
    permits == null ? [] : decodeValue(api, { pallet: 'subtensorModule', item: 'validatorPermit' }, permits).toJSON()
  return {
    ownerHotkey,
    ownerColdkey,
    neurons: hotkeys.map((hotkey, uid) => {
      const raw = coldkeys[uid]
      return {
        uid,
        hotkey,
        coldkey: raw == null ? null : decodeValue(api, { pallet: 'subtensorModule', item: 'owner' }, raw).toString(),
        validatorPermit: Array.isArray(permitted) && permitted[uid] === true,
        // Runtimes without the call keep it in many maps.
        stake: null,
      }
    }),
  }
}

/** The subnet's hotkeys by uid at one block: two calls. @throws ChainError PROTOCOL when a uid has no hotkey */
export async function readHotkeys(
  connection: Connection,
  netuid: number,
  blockHash: string,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { api } = connection
  const [size] = await readRaw(connection, [item('subtensorModule', 'subnetworkN', netuid)], blockHash, signal)
  const count =
    size == null ? 0 : Number(decodeValue(api, { pallet: 'subtensorModule', item: 'subnetworkN' }, size).toJSON())
  const items = Array.from({ length: count }, (_, uid) => item('subtensorModule', 'keys', netuid, uid))
  const raw = await readRaw(connection, items, blockHash, signal)
  return raw.map((value, uid) => {
    if (value === null) throw new ChainError('PROTOCOL', `Subnet ${netuid} has no hotkey for uid ${uid}.`)
    return decodeValue(api, { pallet: 'subtensorModule', item: 'keys' }, value).toString()
  })
}
