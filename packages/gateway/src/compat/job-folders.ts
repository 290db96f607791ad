import { setImmediate as breathe } from 'node:timers/promises'
import type { ObjectStore } from '../store/store.ts'

/** Bounds of one listing. What lies beyond them is not listed. */
export interface FolderBounds {
  /** Pages of 1,000 miners. */
  readonly minerPages: number
  /** Folders of all miners together; each is a URL of some 500 bytes. */
  readonly folders: number
  /** Miners asked for at once. */
  readonly parallel: number
}

export const defaultFolderBounds: FolderBounds = { minerPages: 5, folders: 10_000, parallel: 8 }

interface Miner {
  /** `data/hotkey={ss58}/` */
  readonly path: string
  /** Whole paths, ending in `/`. */
  readonly jobs: readonly string[]
}

/**
 * The job folders of every miner that has some, at most 1,000 of one. When all together are too many, those with most
 * lose first, so that no miner can push out another.
 */
export async function listJobFolders(
  store: Pick<ObjectStore, 'folders'>,
  bounds: FolderBounds = defaultFolderBounds,
): Promise<readonly Miner[]> {
  const paths = await store.folders('data/hotkey=', bounds.minerPages)
  let miners: readonly Miner[] = []
  for (let at = 0; at < paths.length; at += bounds.parallel) {
    const some = paths.slice(at, at + bounds.parallel)
    const found = await Promise.all(
      some.map(async (path) => ({ path, jobs: await store.folders(`${path}job_id=`, 1) })),
    )
    // Cut as they come, so that no more than this is ever held; the share of each only falls as miners are added.
    miners = cutToShare([...miners, ...found.filter(({ jobs }) => jobs.length > 0)], bounds.folders)
    await breathe()
  }
  return miners
}

/** The largest equal share with which all fit. */
function cutToShare(miners: readonly Miner[], most: number): readonly Miner[] {
  let left = most
  let share = Number.POSITIVE_INFINITY
  const counts = miners.map(({ jobs }) => jobs.length).sort((one, other) => one - other)
  for (const [index, count] of counts.entries()) {
    const each = Math.floor(left / (counts.length - index))
    if (count > each) {
      share = each
      break
    }
    left -= count
  }
  return miners.map((miner) => (miner.jobs.length <= share ? miner : { ...miner, jobs: miner.jobs.slice(0, share) }))
}
