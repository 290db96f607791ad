import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startFaultProxy } from '@sluice/dev-faults'
import { type DevS3 } from '@sluice/dev-s3'
import { createSqliteJournal } from '@sluice/transfer/node'
import type { StoreTruth } from './object-store.ts'
import { seeded, seededBytes } from './seeded.ts'

export interface KillResult {
  readonly kills: number
  readonly uploads: number
  readonly corrupt: number
  /** Most parts that one run sent although an earlier run had begun to send them. */
  readonly resentPartsMax: number
  readonly orphans: number
}

export interface KillOptions {
  readonly kills: number
  readonly seed: number
  readonly workers: number
  readonly s3: DevS3
  readonly bucket: string
  readonly truth: StoreTruth
  readonly folder: string
  readonly say: (line: string) => void
}

const PART = 5 * 1024 * 1024
const FILE = 96 * 1024 * 1024 + 12_345
const childScript = fileURLToPath(new URL('../../node_modules/.cache/soak-transfer/upload.js', import.meta.url))

/** Kills a process that uploads, at random moments, and has new processes go on, until so many kills hit. */
export async function soakKills(options: KillOptions): Promise<KillResult> {
  const { kills, workers, s3, bucket, truth, folder, say } = options
  const random = seeded(options.seed)
  const path = join(folder, 'kills.bin')
  const content = seededBytes(options.seed, FILE)
  writeFileSync(path, content)
  const wanted = createHash('sha256').update(content).digest('hex')
  await using proxy = await startFaultProxy({ target: s3.url })

  const journalFile = join(folder, 'kills.sqlite')
  /** Killed between the end of its upload and its last word: what comes next is another upload. */
  const hadEnded = async (key: string): Promise<boolean> => {
    const journal = createSqliteJournal(journalFile)
    const isNoted = (await journal.list()).some((entry) => entry.key === key)
    journal.close()
    return !isNoted && (await truth.sha256(key)) === wanted
  }

  /** Parts that were begun to be sent: by earlier runs of this upload, and by the present one. */
  let before = new Set<string>()
  let present = new Set<string>()
  proxy.faults.follow(({ method, target }) => {
    const part = /[?&]partNumber=(\d+)/.exec(target)?.[1]
    if (method === 'PUT' && part !== undefined) present.add(part)
    return null
  })

  const run = (key: string, killAfterMs: number | null): Promise<RunEnd> => {
    const { accessKeyId, secretAccessKey } = s3
    const job = { endpoint: proxy.url, bucket, accessKeyId, secretAccessKey, path, key, partSize: PART, workers }
    return runChild({ ...job, journalFile }, killAfterMs)
  }

  const undisturbed = await run('kills/0', null)
  if (undisturbed.killed || undisturbed.sha256 !== wanted)
    throw new Error(`the upload fails by itself: ${undisturbed.said}`)
  say(`an undisturbed upload takes ${Math.round(undisturbed.workMs)} ms`)

  let hits = 0
  let uploads = 0
  let corrupt = 0
  let resentPartsMax = 0
  while (hits < kills) {
    const key = `kills/${++uploads}`
    before = new Set()
    for (let finished = false; !finished;) {
      present = new Set()
      // Past the end on purpose: completion and verification must be hit too.
      const end = await run(key, hits < kills ? random() * undisturbed.workMs * 1.1 : null)
      const resent = [...present].filter((part) => before.has(part)).length
      resentPartsMax = Math.max(resentPartsMax, resent)
      before = new Set([...before, ...present])
      finished = !end.killed || (await hadEnded(key))
      if (end.killed) hits++
      else if (end.sha256 !== wanted || (await truth.sha256(key)) !== wanted) {
        corrupt++
        say(`${key}: ${end.said}`)
      }
    }
    say(`${hits} kills, ${uploads} uploads, at most ${resentPartsMax} parts sent again`)
  }
  return { kills: hits, uploads, corrupt, resentPartsMax, orphans: await truth.leftovers('kills/') }
}

interface RunEnd {
  readonly killed: boolean
  readonly sha256: string | null
  readonly workMs: number
  /** The last of its output. */
  readonly said: string
}

/** The clock of the kill starts when the work begins, not while Node starts. */
function runChild(job: object, killAfterMs: number | null): Promise<RunEnd> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
    const child = spawn(process.execPath, [childScript, JSON.stringify(job)], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    let begun = 0
    let timer: NodeJS.Timeout | null = null
    child.stdout.on('data', (data: Buffer) => {
      said += data.toString()
      if (begun > 0 || !said.includes('begin')) return
      begun = performance.now()
      if (killAfterMs !== null) timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    })
    child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-2000)))
    child.on('error', reject)
    child.on('close', (_code, signal) => {
      if (timer !== null) clearTimeout(timer)
      const sha256 = /done ([0-9a-f]{64})/.exec(said)?.[1] ?? null
      resolve({ killed: signal === 'SIGKILL' && sha256 === null, sha256, workMs: performance.now() - begun, said })
    })
  })
}
