import { basename } from 'node:path'
import { planUpload, toPath, toStream, type TransferEvent } from '@sluice/backends'
import type { Command } from 'commander'
import type { CliContext } from '../compose.ts'
import { StorageError } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { fullKey, planFiles, type PlannedFile } from './find-files.ts'
import { readTransferFlags, type TransferFlags } from './file-flags.ts'
import { openPlace, type TransferPlace } from './open-bucket.ts'
import { putFiles, type PutOutcome, requestsAtOnce } from './put-files.ts'
import { duration, printable, size } from './progress-text.ts'
import { createTransferView, type TransferView } from './progress-view.ts'
import { abortUploads, listUploads } from './open-uploads.ts'

type Flags = Readonly<Record<string, unknown>>

/** What the commands need of the program around them. */
export interface TransferHost {
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** For bars; null = lines. */
  readonly terminal: NodeJS.WriteStream | null
  /** For `get KEY --output -`. */
  readonly bytesOut: NodeJS.WritableStream | null
  readonly context: CliContext
  readonly settingsOf: (flags: Flags) => Settings
  /** Adds flags for state file, chain and wallet. */
  readonly withPlace: (command: Command) => Command
  /** Wraps the work of a command, which returns the exit code. */
  readonly run: (work: () => Promise<number>) => Promise<void>
}

/** Adds `put`, `get` and `uploads`. */
export function addTransferCommands(program: Command, host: TransferHost): void {
  const command = (words: string, description: string): Command =>
    host
      .withPlace(program.command(words).description(description))
      .option('--s3-endpoint <url>', "another S3 server than the policy's, with direct credentials")
      .option('--force-s3 <true|false>', 'use S3 whatever the policy says')
  withLine(command('put <file...>', 'stores files in the bucket, under files/; goes on where it was stopped'))
    .option('--key <key>', 'where a single file goes; default its name')
    .option('--prefix <folder>', 'folder for all of them')
    .option('--part-size <size>', '5MiB to 5GiB; default by size and memory')
    .option('--compress <gzip|zstd>', 'sends them compressed; the SHA-256 stays that of the file')
    .option('--content-type <type>', 'such as text/csv; default application/octet-stream')
    .option('--metadata <name=value...>', 'noted beside the object')
    .option('--no-checksums', 'for stores that refuse checksums')
    .option('--dry-run', 'only says what would be sent')
    .action((files: string[], flags: Flags) => host.run(() => put(files, flags, host)))
  withLine(command('get <key>', 'reads a file from the bucket and verifies it; goes on where it was stopped'))
    .option('-o, --output <path>', 'default the last part of the key; - is standard output')
    .option('--sha256 <hex>', 'what it must have; default what was noted when it was stored')
    .option('--raw', 'as it is stored, also when it is compressed')
    .action((key: string, flags: Flags) => host.run(() => get(key, flags, host)))
  const uploads = program.command('uploads').description('unfinished uploads: they take room until they end')
  host
    .withPlace(uploads.command('list').description('what is open below the own prefix'))
    .option('--s3-endpoint <url>', "another S3 server than the policy's, with direct credentials")
    .action((flags: Flags) => host.run(() => within(flags, host, (place) => listUploads(place, flags, host))))
  host
    .withPlace(uploads.command('abort [key...]').description('gives them up and frees their room'))
    .option('--s3-endpoint <url>', "another S3 server than the policy's, with direct credentials")
    .option('--all', 'all of them')
    .option('--older-than <hours>', 'only those started before')
    .action((keys: string[], flags: Flags) =>
      host.run(() => within(flags, host, (place) => abortUploads(place, keys, flags, host))),
    )
}

const withLine = (command: Command): Command =>
  command
    .option('--bandwidth <size>', 'bytes per second, such as 10MB; default unlimited')
    .option('--concurrency <number>', 'requests at once; default 4, for many small files 16')
    .option('--memory <size>', 'for what is under way, at least 10MiB; default 64MiB')
    .option('--stall <seconds>', 'a connection on which nothing moves is cut after this; default 30')

async function within(
  flags: Flags,
  host: TransferHost,
  work: (place: TransferPlace) => Promise<number>,
): Promise<number> {
  const place = await openPlace(host.settingsOf(flags), host.context, { checksums: true }, 'read')
  try {
    return await work(place)
  } finally {
    place.transfer.close()
  }
}

async function put(paths: readonly string[], flags: Flags, host: TransferHost): Promise<number> {
  const { signal } = host.context
  const line = readTransferFlags(flags)
  const names = { key: text(flags['key']), prefix: text(flags['prefix']) }
  const files = await planFiles(paths, names)
  const plans = files.map((file) => planOf(file, line))
  const memoryBudget =
    line.memoryBudget ?? Math.max(MEMORY, ...plans.map((plan) => (plan.kind === 'parts' ? plan.partSize : 0)))
  const concurrency = line.concurrency ?? requestsAtOnce(files, line)
  const place = await openPlace(host.settingsOf(flags), host.context, { ...line, memoryBudget, concurrency }, 'write')
  const view = viewOf(flags, host)
  try {
    if (flags['dryRun'] === true) return dryRun(files, line, place, host, flags['json'] === true)
    const outcomes = await putFiles(place, files, line, view, signal)
    view.close()
    const stored = outcomes.filter(({ error }) => error === null).length
    if (flags['json'] === true) host.out(JSON.stringify({ type: 'summary', stored, of: files.length, files: outcomes }))
    else if (files.length > 1) host.err(`${stored} of ${files.length} files are stored`)
    return endOf(outcomes, files.length, host)
  } finally {
    view.close()
    place.transfer.close()
  }
}

const MEMORY = 64 * 1024 ** 2

function planOf({ bytes }: PlannedFile, line: TransferFlags): ReturnType<typeof planUpload> {
  const { compress, partSize } = line
  const memoryBudget = line.memoryBudget ?? Math.max(MEMORY, partSize ?? 0)
  return planUpload({ bytes: compress === undefined ? bytes : null, partSize, memoryBudget })
}

/** 0 all stored, 2 something can go on, 3 something cannot, 130 stopped. */
function endOf(outcomes: readonly PutOutcome[], wanted: number, host: TransferHost): number {
  if (host.context.signal?.aborted === true && outcomes.filter(({ error }) => error === null).length < wanted) {
    host.err('Paused: parts that are stored are kept. The same command again goes on with them;')
    host.err('"sluice-miner uploads abort" gives them up.')
    return 130
  }
  const failed = outcomes.flatMap(({ error }) => error ?? [])
  if (failed.length === 0) return 0
  if (!failed.every(({ resumable }) => resumable)) return 3
  host.err('The same command again goes on where it stopped.')
  return 2
}

function dryRun(
  files: readonly PlannedFile[],
  line: TransferFlags,
  { where }: TransferPlace,
  host: TransferHost,
  json: boolean,
): number {
  for (const file of files) {
    const { path, key, bytes } = file
    const plan = planOf(file, line)
    if (json) host.out(JSON.stringify({ type: 'plan', path, key, bytes, ...plan }))
    else {
      const parts = plan.kind === 'single' ? 'in one piece' : `${plan.parts ?? 'in'} parts of ${size(plan.partSize)}`
      host.out(printable(`${path} (${size(bytes)}) would be stored as ${where}${key}, ${parts}`))
    }
  }
  return 0
}

async function get(key: string, flags: Flags, host: TransferHost): Promise<number> {
  const full = fullKey(key)
  const output = text(flags['output']) ?? basename(full)
  const sha256 = text(flags['sha256'])
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new StorageError('BAD_SETTINGS', '--sha256 must be 64 lower-case hex digits')
  }
  const { signal } = host.context
  if (output === '-' && (host.bytesOut === null || flags['json'] === true)) {
    throw new StorageError('BAD_SETTINGS', '--output - and --json want the same standard output; use one of them')
  }
  const place = await openPlace(host.settingsOf(flags), host.context, readTransferFlags(flags), 'read')
  const view = viewOf(flags, host)
  try {
    const target = output === '-' ? toStream(host.bytesOut as never, 'standard output') : toPath(output)
    const started = performance.now()
    const options = {
      sha256,
      decode: flags['raw'] !== true,
      signal,
      onEvent: (event: TransferEvent) => view.event(event),
    }
    const result = await place.transfer.download(full, target, options)
    const took = duration((performance.now() - started) / 1000)
    const proof = result.proof === null ? 'nothing was known to verify it with' : `verified by ${result.proof}`
    view.finished(
      full,
      printable(`${place.where}${full} is in ${output}: ${size(result.plainBytes)} in ${took}, ${proof}`),
    )
    if (flags['json'] === true) host.out(JSON.stringify({ type: 'summary', output, ...result }))
    return 0
  } catch (error) {
    if (signal?.aborted === true && output !== '-') {
      view.close()
      host.err(printable(`Paused: what came is kept in ${output}.part. The same command again goes on with it.`))
    }
    throw error
  } finally {
    view.close()
    place.transfer.close()
  }
}

function viewOf(flags: Flags, host: TransferHost): TransferView {
  const json = flags['json'] === true ? (value: unknown) => host.out(JSON.stringify(value)) : null
  return createTransferView({ terminal: host.terminal, write: host.err, json, now: Date.now })
}

const text = (flag: unknown): string | undefined => (typeof flag === 'string' && flag !== '' ? flag : undefined)
