import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFaultScript, type FaultProxy, startFaultProxy } from '@sluice/dev-faults'
import { type DevS3 } from '@sluice/dev-s3'
import { TransferError } from '@sluice/transfer'
import { createDirectSessions, createNodeTransfer, fromPath, type NodeTransfer, toPath } from '@sluice/transfer/node'
import type { StoreTruth } from './object-store.ts'
import { seeded, seededBytes } from './seeded.ts'

export interface FaultResult {
  readonly faults: number
  readonly corrupt: number
  readonly orphans: number
  /** How the scripts ended. */
  readonly ends: Readonly<Record<string, number>>
}

export interface FaultOptions {
  readonly faults: number
  readonly seed: number
  readonly s3: DevS3
  readonly bucket: string
  readonly truth: StoreTruth
  readonly folder: string
  readonly say: (line: string) => void
}

const MIB = 1024 * 1024
const AT_ONCE = 4

/** Runs uploads and downloads under seeded fault scripts; each must end right or in a typed error. */
export async function soakFaults(options: FaultOptions): Promise<FaultResult> {
  const ends: Record<string, number> = {}
  let next = 0
  let corrupt = 0
  let orphans = 0
  const worker = async (): Promise<void> => {
    await using proxy = await startFaultProxy({ target: options.s3.url })
    while (next < options.faults) {
      const number = next++
      const end = await runScript(options, proxy, number).catch((error: unknown) => `wrong: ${describe(error)}`)
      const name = end.split(':')[0] ?? end
      ends[name] = (ends[name] ?? 0) + 1
      if (name === 'wrong') corrupt++
      if (name === 'orphan') orphans++
      if (name === 'wrong' || name === 'orphan') options.say(`script ${options.seed + number}: ${end}`)
      if ((number + 1) % 50 === 0) options.say(`${number + 1} scripts: ${JSON.stringify(ends)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { faults: options.faults, corrupt, orphans, ends }
}

/** One script; the word before the colon is how it ended. */
async function runScript(options: FaultOptions, proxy: FaultProxy, number: number): Promise<string> {
  const { s3, bucket, truth, folder } = options
  const seed = options.seed + number
  const random = seeded(seed)
  // With an end, as keys are taken for prefixes below.
  const key = `faults/${number}.bin`
  const path = join(folder, `faults-${number}.bin`)
  const content = seededBytes(seed, Math.floor(random() * 22 * MIB))
  writeFileSync(path, content)
  const wanted = createHash('sha256').update(content).digest('hex')
  const { accessKeyId, secretAccessKey } = s3
  const transfer = createNodeTransfer({
    sessions: createDirectSessions({ bucket, endpoint: proxy.url, credentials: { accessKeyId, secretAccessKey } }),
    journalFile: join(folder, `faults-${number}.sqlite`),
    // Every third without: its parts are read while they are sent.
    ...(number % 3 === 2 ? { checksum: 'none', sha256: false } : {}),
    partSize: 5 * MIB,
    memoryBudget: 32 * MIB,
    stallMs: 1000,
    callMs: 1500,
    completeMs: 2500,
    retry: { attempts: 6, baseMs: 5, capMs: 50, maxWaitMs: 1500 },
  })
  proxy.faults.follow(createFaultScript(seed, { share: 0.02 + random() * 0.6, most: 60 }))
  try {
    const end = await uploadUnderFaults({ transfer, proxy, truth, key, path, wanted, resumes: random() < 0.5 })
    if (!end.startsWith('stored') || number % 2 === 0) return end
    proxy.faults.follow(createFaultScript(seed + 0x40000000, { share: random() * 0.5, most: 60 }))
    return await downloadUnderFaults(transfer, key, `${path}.out`, wanted)
  } finally {
    proxy.faults.follow(null)
    transfer.close()
    for (const suffix of ['', '.out', '.out.part', '.out.part.json']) rmSync(path + suffix, { force: true })
  }
}

interface Upload {
  readonly transfer: NodeTransfer
  readonly proxy: FaultProxy
  readonly truth: StoreTruth
  readonly key: string
  readonly path: string
  readonly wanted: string
  /** After an error: go on, else abort. */
  readonly resumes: boolean
}

async function uploadUnderFaults({ transfer, proxy, truth, key, path, wanted, resumes }: Upload): Promise<string> {
  let end = 'stored'
  try {
    await transfer.upload(fromPath(path), { key })
  } catch (error) {
    if (!TransferError.is(error)) throw error
    // The line is good again.
    proxy.faults.follow(null)
    if (!error.resumable || !resumes) {
      for (const upload of await transfer.list(key)) await transfer.abort(upload)
      const left = await truth.leftovers(key)
      return left > 0 ? `orphan: ${left} after ${error.code}` : `aborted after a typed error: ${error.code}`
    }
    await transfer.upload(fromPath(path), { key })
    end = 'stored after a typed error'
  }
  const found = await truth.sha256(key)
  if (found !== wanted) return `wrong: ${key} has ${found}`
  const left = await truth.leftovers(key)
  return left > 0 ? `orphan: ${left} after success` : end
}

async function downloadUnderFaults(
  transfer: NodeTransfer,
  key: string,
  target: string,
  wanted: string,
): Promise<string> {
  try {
    await transfer.download(key, toPath(target))
  } catch (error) {
    if (!TransferError.is(error)) throw error
    return existsSync(target) ? `wrong: ${target} is there after ${error.code}` : 'download ended in a typed error'
  }
  const found = createHash('sha256').update(readFileSync(target)).digest('hex')
  return found === wanted ? 'stored and read back' : `wrong: read ${found}`
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
