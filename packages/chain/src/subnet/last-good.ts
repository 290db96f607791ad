import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Policy, policyToJson, readPolicyJson } from '@sluice/rollout'
import { z } from 'zod'

/** The newest policy that was read well from the chain, with where and when. */
export interface LastGood {
  readonly netuid: number
  readonly genesisHash: string
  readonly ownerHotkey: string
  /** Finalized block at which it was read. */
  readonly block: number
  readonly blockHash: string
  /** Block at which the owner wrote it. */
  readonly commitmentBlock: number
  readonly policy: Policy
}

const block = z.number().int().min(0)
const fileSchema = z.object({
  v: z.literal(1),
  netuid: z.number().int(),
  genesisHash: z.string(),
  ownerHotkey: z.string(),
  block,
  blockHash: z.string(),
  commitmentBlock: block,
  policy: z.unknown(),
})

/** The file's content, or why it cannot be used; a file that is not there is `null` without a problem. Never throws. */
export async function readLastGood(path: string): Promise<{ value: LastGood | null; problem: string | null }> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { value: null, problem: null }
    return { value: null, problem: `${path} cannot be read (${(error as Error).message}).` }
  }
  try {
    const parsed = fileSchema.parse(JSON.parse(text))
    const decoding = readPolicyJson(parsed.policy)
    if (decoding.kind === 'policy') return { value: { ...parsed, policy: decoding.policy }, problem: null }
  } catch {
    // Told below, in one sentence for every kind of damage.
  }
  return { value: null, problem: `${path} is damaged and is ignored; the next good read replaces it.` }
}

/** Replaces the file so that a crash at any moment leaves the old or the new one whole. @throws the file system's error */
export async function writeLastGood(path: string, value: LastGood): Promise<void> {
  const { policy, ...rest } = value
  const body = `${JSON.stringify({ v: 1, ...rest, policy: policyToJson(policy) }, null, 2)}\n`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(body)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  // The rename itself is durable only with its folder.
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
