import { createHash } from 'node:crypto'

import { type CommitOperation, HubApiError } from '@huggingface/hub'
import { z } from 'zod'

import { BackendError } from '../port/errors.ts'
import { ObjectBlob } from './blob.ts'
import type { DatasetCard, DatasetStats } from './card-facts.ts'
import { renderCard } from './card-text.ts'
import { commitPlan } from './commit.ts'
import { hubError } from './errors.ts'
import { openFile } from './open.ts'
import { type HubRepository, type HuggingFaceRepositoryOptions, inTurn, openRepository } from './repository.ts'
import { readAll } from '../port/stream.ts'

const statsLimit = 1024 ** 2
const historyKept = 100

const statsShape = z.object({
  version: z.literal('2.0.0'),
  data_source: z.string(),
  summary: z.object({
    total_rows: z.int().nonnegative(),
    last_update_dt: z.string(),
    start_dt: z.string().nullable(),
    end_dt: z.string().nullable(),
    update_history: z.array(z.object({ timestamp: z.string().max(40), count: z.int() })),
  }),
})
type Previous = z.infer<typeof statsShape>

/**
 * Writes README.md and stats.json with one commit; the update history in stats.json is carried on. Somebody else's
 * commit in between makes it read again.
 * @returns the id of the commit, null when the rows are the same as at the last update
 * @throws BackendError; NOT_FOUND when the repository does not exist
 */
export async function updateDatasetCard(
  options: HuggingFaceRepositoryOptions,
  card: DatasetCard,
  signal?: AbortSignal,
): Promise<string | null> {
  const repository = openRepository({ ...options, create: false })
  let head: string | undefined
  const remaining = async (): Promise<CommitOperation[] | null> => {
    // The head is read before the file: if the file is newer, the commit is refused and everything read again.
    head = await readHead(repository, signal)
    const previous = await readStats(repository, signal)
    if (previous !== null && isSame(previous, card)) return null
    const stats = statsOf(card, previous)
    const files = {
      'stats.json': `${JSON.stringify(stats, null, 2)}\n`,
      'README.md': renderCard(repository.id, card, stats),
    }
    return Object.entries(files).map(([path, text]) => ({
      operation: 'addOrUpdate',
      path,
      content: blobOf(path, text),
    }))
  }
  const plan = { title: 'Update the dataset card', remaining, parentCommit: () => head }
  return await inTurn(repository, () => commitPlan(repository, plan, signal), signal)
}

async function readHead(repository: HubRepository, signal?: AbortSignal): Promise<string> {
  try {
    const headers: Record<string, string> =
      repository.token === undefined ? {} : { Authorization: `Bearer ${repository.token}` }
    const url = `${repository.hubUrl}/api/datasets/${repository.id}/revision/main`
    const response = await repository.fetch(signal)(url, { headers })
    if (!response.ok) throw new HubApiError(url, response.status)
    return z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) }).parse(await response.json()).sha
  } catch (error) {
    throw hubError(`read the head of ${repository.id}`, error, signal)
  }
}

/** Null: none yet, or one that is not ours to continue (then the history starts anew). */
async function readStats(repository: HubRepository, signal?: AbortSignal): Promise<Previous | null> {
  const opened = await openFile(repository, new Map(), 'stats.json', undefined, signal)
  if (opened === null) return null
  const bytes = await readAll(opened.body, statsLimit)
  try {
    const parsed = statsShape.safeParse(JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array())))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

function isSame({ summary, data_source }: Previous, card: DatasetCard): boolean {
  const { total_rows, start_dt, end_dt } = summary
  const source = card.sources.join(',')
  return (
    total_rows === card.totalRows && start_dt === card.startDate && end_dt === card.endDate && data_source === source
  )
}

function statsOf(card: DatasetCard, previous: Previous | null): DatasetStats {
  const count = card.totalRows - (previous?.summary.total_rows ?? 0)
  const history = [...(previous?.summary.update_history ?? []), { timestamp: card.updatedAt, count }]
  return {
    version: '2.0.0',
    data_source: card.sources.join(','),
    summary: {
      total_rows: card.totalRows,
      last_update_dt: card.updatedAt,
      start_dt: card.startDate,
      end_dt: card.endDate,
      update_history: history.slice(-historyKept),
      metadata: { miner_hotkey: card.hotkey, netuid: card.netuid },
    },
    topics: (card.topics ?? []).map(({ topic, type, count }) => ({
      topic,
      topic_type: type,
      total_count: count,
      total_percentage: card.totalRows === 0 ? 0 : Math.round((count / card.totalRows) * 10_000) / 100,
    })),
  }
}

function blobOf(key: string, text: string): Blob {
  const data = new TextEncoder().encode(text)
  const sha256 = createHash('sha256').update(data).digest('hex')
  const onProblem = (error: BackendError): never => {
    throw error
  }
  return new ObjectBlob({ key, bytes: data.length, sha256, source: { data } }, { onProblem })
}
