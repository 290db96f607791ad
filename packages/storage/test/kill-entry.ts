// One upload cycle in a process of its own, to be killed: node kill-entry.ts ROOT PERCENTAGE
import { join } from 'node:path'
import { createDirectoryBackend } from '@sluice/backends'
import { hotkeyFromUri } from '@sluice/chain'
import { resolveConfig } from '../src/policy/in-force.ts'
import { createDataUniverseSource } from '../src/export/data-universe.ts'
import { createDualStorage } from '../src/dual-storage.ts'
import { memoryLog, netuid, s3Policy, snapshotOf } from './miner.ts'

const [root = '', percentage = '0'] = process.argv.slice(2)
const hotkey = await hotkeyFromUri('//Miner//0')
const log = memoryLog()
const storage = await createDualStorage({
  netuid,
  hotkey,
  stateFile: join(root, 'state', 'miner.sqlite'),
  rows: createDataUniverseSource({ dbPath: join(root, 'miner.sqlite') }),
  readConfig: (signal) => {
    const policySource = { read: async () => snapshotOf(s3Policy(Number(percentage))) }
    return resolveConfig({ policySource, netuid, hotkey: hotkey.address, environment: {}, log }, signal)
  },
  openTarget: async (name) => {
    const folder = name === 's3' ? 's3' : 'hub'
    const place = name === 's3' ? 'subnet-data' : 'someone/sluice_x'
    return {
      name,
      backend: createDirectoryBackend({ root: join(root, folder), name }),
      identity: `${name}:${place}`,
      place,
    }
  },
  pointer: null,
  log,
  limits: { batchFiles: 3, recheckShare: 0.5 },
})
process.stdout.write('ready\n')
const receipt = await storage.uploadData()
await storage.close()
process.exitCode = receipt.complete ? 0 : 2
