import { type Command, command, type Context, type ExitKind, type Terminal } from '@sluice/command-line'
import { planUpload } from '@sluice/transfer'
import { bucketSettings, type BucketSettings } from '../settings.ts'
import { transferKind } from './failure.ts'
import { planFiles, type PlannedFile } from './find-files.ts'
import { abortSettings, type AbortFlags, type GetFlags, getSettings, type PutFlags, putSettings } from './file-flags.ts'
import { getFile } from './get-file.ts'
import { openPlace, type TransferPlace } from './open-bucket.ts'
import { abortUploads, listUploads } from './open-uploads.ts'
import { size } from './progress-text.ts'
import { createTransferView, viewOf } from './progress-view.ts'
import { putFiles, type PutOutcome, requestsAtOnce } from './put-files.ts'

/** `put`, `get` and `uploads`. */
export const fileCommands: readonly Command[] = [
  command({
    name: 'put',
    meaning: 'stores files in the bucket, under files/; goes on where it was stopped',
    settings: putSettings,
    examples: [
      {
        line: 'sluice-miner put weights.bin --netuid 13 --prefix models/v1',
        meaning: 'as files/models/v1/weights.bin',
      },
    ],
    run: put,
  }),
  command({
    name: 'get',
    meaning: 'reads a file from the bucket and verifies it; goes on where it was stopped',
    settings: getSettings,
    examples: [
      { line: 'sluice-miner get models/v1/weights.bin --netuid 13 -o weights.bin', meaning: 'into a file' },
      { line: 'sluice-miner get notes.txt --netuid 13 -o - | head', meaning: 'to standard output' },
    ],
    run: async (flags: GetFlags, context) => {
      await within(flags, context, flags, async (place) => await getFile(place, flags, context))
    },
  }),
  command({
    name: 'uploads list',
    meaning: 'unfinished uploads below the own prefix: they take room until they end',
    settings: bucketSettings,
    run: async (flags: BucketSettings, context) => {
      await within(flags, context, {}, async (place) => await listUploads(place, context))
    },
  }),
  command({
    name: 'uploads abort',
    meaning: 'gives unfinished uploads up and frees their room',
    settings: abortSettings,
    examples: [{ line: 'sluice-miner uploads abort --netuid 13 --all --older-than 24', meaning: 'what is a day old' }],
    run: async (flags: AbortFlags, context) =>
      await within(flags, context, {}, async (place) => await abortUploads(place, flags, context)),
  }),
]

type Line = Partial<Pick<PutFlags, 'partSize' | 'bandwidth' | 'concurrency' | 'memory' | 'stall' | 'noChecksums'>>

async function within<T>(
  flags: BucketSettings,
  context: Context,
  line: Line,
  work: (place: TransferPlace) => Promise<T>,
): Promise<T> {
  const place = await openPlace(flags, context, line, 'read')
  try {
    return await work(place)
  } finally {
    place.transfer.close()
  }
}

async function put(flags: PutFlags, context: Context): Promise<ExitKind> {
  const { terminal, signal } = context
  const files = await planFiles(flags.files, flags)
  const plans = files.map((file) => planOf(file, flags))
  const memory = flags.memory ?? Math.max(MEMORY, ...plans.map((plan) => (plan.kind === 'parts' ? plan.partSize : 0)))
  const concurrency = flags.concurrency ?? requestsAtOnce(files, flags)
  const place = await openPlace(flags, context, { ...flags, memory, concurrency }, 'write')
  const view = createTransferView(viewOf(terminal))
  try {
    if (flags.dryRun) return dryRun(files, flags, place, terminal)
    const outcomes = await putFiles(place, files, flags, view, signal)
    view.close()
    const stored = outcomes.filter(({ error }) => error === null).length
    terminal.object({ type: 'summary', stored, of: files.length, files: outcomes })
    if (files.length > 1) terminal.line(`${stored} of ${files.length} files are stored`)
    return endOf(outcomes, files.length, context)
  } finally {
    view.close()
    place.transfer.close()
  }
}

const MEMORY = 64 * 1024 ** 2

function planOf({ bytes }: PlannedFile, { compress, partSize, memory }: PutFlags): ReturnType<typeof planUpload> {
  const memoryBudget = memory ?? Math.max(MEMORY, partSize ?? 0)
  return planUpload({ bytes: compress === undefined ? bytes : null, partSize, memoryBudget })
}

/** Stored, half way, or why not. */
function endOf(outcomes: readonly PutOutcome[], wanted: number, { terminal, signal }: Context): ExitKind {
  const failed = outcomes.flatMap(({ error }) => error ?? [])
  if (signal.aborted && outcomes.length - failed.length < wanted) {
    terminal.warn('Paused: parts that are stored are kept. The same command again goes on with them;')
    terminal.warn('"sluice-miner uploads abort" gives them up.')
    return 'interrupted'
  }
  const kinds = new Set(failed.map(transferKind))
  if (kinds.size === 0) return 'done'
  if (kinds.has('unfinished')) terminal.warn('The same command again goes on where it stopped.')
  const [only] = kinds
  return kinds.size === 1 && only !== undefined ? only : 'refused'
}

function dryRun(
  files: readonly PlannedFile[],
  flags: PutFlags,
  { where }: TransferPlace,
  terminal: Terminal,
): ExitKind {
  const planned = files.map((file) => ({ ...file, ...planOf(file, flags) }))
  terminal.object({ type: 'plan', where, files: planned })
  for (const { path, key, bytes, ...plan } of planned) {
    const parts = plan.kind === 'single' ? 'in one piece' : `${plan.parts ?? 'in'} parts of ${size(plan.partSize)}`
    terminal.line(`${path} (${size(bytes)}) would be stored as ${where}${key}, ${parts}`)
  }
  return 'done'
}
