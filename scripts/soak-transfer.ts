// Kills uploads at random moments, and runs them over lines that fail in seeded ways; counts what is wrong afterwards.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startS3Server } from '@sluice/dev-s3'
import { readFlags, wholeNumber } from './flags.ts'
import { soakFaults } from './soak/faults.ts'
import { soakKills } from './soak/kills.ts'
import { openStoreTruth } from './soak/object-store.ts'

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const usage = `soak:transfer [--kills N] [--faults N] [--seed N] [--json]
  --kills   SIGKILLs that hit an upload, default 20
  --faults  fault scripts, default 50
  --seed    of moments, contents and scripts, default 1
  --json    nothing but the result on standard output
Last line: {"kills":…,"faults":…,"corrupt":…,"resent_parts_max":…,"orphans":…}; exit code 1 unless corrupt and orphans
are 0 and no run sent more parts again than it has workers.`

const WORKERS = 4
const BUCKET = 'soak'
const values = readFlags(usage, {
  kills: { type: 'string', default: '20' },
  faults: { type: 'string', default: '50' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
})
const kills = wholeNumber('kills', values.kills)
const faults = wholeNumber('faults', values.faults)
const seed = wholeNumber('seed', values.seed)
const say = (line: string): void => void (values.json || console.error(`soak:transfer: ${line}`))

const root = fileURLToPath(new URL('..', import.meta.url))
execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'scripts/soak/child')], { stdio: 'inherit' })
const folder = await mkdtemp(join(tmpdir(), 'sluice-soak-transfer-'))
await using s3 = await startS3Server({ buckets: [BUCKET] })
const truth = openStoreTruth(s3, BUCKET)
try {
  const common = { seed, s3, bucket: BUCKET, truth, folder, say }
  const killed = await soakKills({ ...common, kills, workers: WORKERS })
  const faulted = await soakFaults({ ...common, faults })
  say(`the fault scripts ended so: ${JSON.stringify(faulted.ends)}`)
  const result = {
    kills: killed.kills,
    faults: faulted.faults,
    corrupt: killed.corrupt + faulted.corrupt,
    resent_parts_max: killed.resentPartsMax,
    orphans: killed.orphans + faulted.orphans,
  }
  console.log(JSON.stringify(result))
  if (result.corrupt > 0 || result.orphans > 0 || result.resent_parts_max > WORKERS) process.exitCode = 1
} finally {
  truth.close()
  await rm(folder, { recursive: true, force: true })
}
