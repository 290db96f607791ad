import { createAsk } from '../pace/deadline.ts'
import { type Decoder, decoderOf } from './decode.ts'
import { createGrants, gone } from './grants.ts'
import { fetchInOrder } from './order.ts'
import { corrupt, createCrcCheck, type DownloadProof, type Expectation, expectationOf } from './proof.ts'
import type { RangeTools } from './range.ts'
import type { DownloadTarget, OpenTarget } from './target.ts'
import type { Engine } from '../engine.ts'
import { throwIfAborted, TransferError, withResumable } from '../errors.ts'
import type { OnEvent } from '../pace/events.ts'
import type { RunningHash } from '../source/hashing.ts'
import { createMeter } from '../pace/progress.ts'
import { type PauseSwitch, tellingPause } from '../pace/pause.ts'
import type { StoredObject } from '../sessions/port.ts'

export interface DownloadOptions {
  readonly onEvent?: OnEvent | undefined
  readonly pause?: PauseSwitch | undefined
  /** Hex SHA-256 that the plain bytes must have; default: what the metadata of the object say. */
  readonly sha256?: string | undefined
  /** False gives the bytes as they are stored, also when they are compressed. Default true. */
  readonly decode?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface DownloadResult {
  readonly key: string
  readonly etag: string
  /** Bytes of the object as it is stored. */
  readonly bytes: number
  /** Bytes given to the target; differs when they were decompressed. */
  readonly plainBytes: number
  /** Hex, of the bytes given to the target; null when nobody asked for it. */
  readonly sha256: string | null
  /** What the content was checked against; null when neither caller nor store knew anything. */
  readonly proof: DownloadProof | null
  readonly metadata: Readonly<Record<string, string>>
  /** Bytes that were there from an earlier run. */
  readonly keptBytes: number
}

/** An object that is replaced again and again is given up. */
const MOST_ROUNDS = 4
const MIB = 1024 * 1024
const LEAST_RANGE = MIB
const MOST_RANGE = 8 * MIB
/** On their way, or waiting for those before them. */
const RANGES_AT_ONCE = 8

/**
 * Reads an object into a target: in parallel ranges, all of the same version, verified before the target shows it.
 * @throws TransferError; `resumable` when the next call with this target goes on where this one ended
 */
export async function download(
  engine: Engine,
  key: string,
  target: DownloadTarget,
  options: DownloadOptions = {},
): Promise<DownloadResult> {
  const { sessions, now, clock } = engine
  if (options.sha256 !== undefined && !/^[0-9a-f]{64}$/.test(options.sha256)) {
    const text = 'Cannot download: sha256 must be 64 lower-case hex digits.'
    throw new TransferError('BAD_OPTION', text, { retryable: false })
  }
  const signal = engine.listenable(options.signal)
  for (let round = 1; ; round++) {
    const meter = createMeter(key, options.onEvent, clock)
    const ask = createAsk(engine.retry, engine.callMs, signal, (what) => (error, attempt, delayMs) => {
      meter.retried(what, error, attempt, delayMs)
    })
    meter.phase('starting')
    const object = await ask(`look up ${key}`, (call) => sessions.stat(key, call))
    if (object === null) throw gone(key)
    const reading = readingOf(object, options)
    const { etag, bytes } = object
    const isProvable = reading.wanted !== null || reading.expected.crc32 !== null
    const opened = await target.open({ destination: sessions.destination, key, etag, bytes, isProvable })
    try {
      const pause = tellingPause(options.pause, meter)
      const tools = { ...engine, meter, signal, pause, key, bytes: object.bytes, received: 0 }
      const grants = createGrants({
        key,
        etag: object.etag,
        now,
        ask: () => ask(`sign a read of ${key}`, (call) => sessions.read(key, call)),
      })
      return await receive({ ...tools, grants }, { key, object, target, opened, reading })
    } catch (error) {
      const isWrong = TransferError.is(error) && (error.code === 'CORRUPT' || error.code === 'CONFLICT')
      await (isWrong ? opened.discard() : opened.leave())
      // Another version, or a beginning that was damaged on disk: once more from the start.
      const isWorthIt = isWrong && (error.code === 'CONFLICT' || opened.kept > 0)
      if (isWorthIt && target.restarts && round < MOST_ROUNDS) continue
      if (!TransferError.is(error)) throw error
      throw withResumable(error, target.restarts && !isWrong)
    }
  }
}

type DownloadTools = RangeTools & Pick<Engine, 'hashing' | 'memory' | 'sha256'>

interface Reception {
  readonly key: string
  readonly object: StoredObject
  readonly target: DownloadTarget
  readonly opened: OpenTarget
  readonly reading: Reading
}

/** What is done with the bytes of an object, and what they must be. */
interface Reading {
  /** Null when they are given as they are stored. */
  readonly decoder: Decoder | null
  readonly expected: Expectation
  /** SHA-256 of the bytes given to the target; null = unknown. */
  readonly wanted: string | null
}

function readingOf(object: StoredObject, options: DownloadOptions): Reading {
  const isDecoded = options.decode !== false && object.bytes > 0
  const decoder = isDecoded ? decoderOf(object.contentEncoding) : null
  const isPlain = object.contentEncoding === null || decoder !== null
  const expected = expectationOf(object, options.sha256)
  // The metadata's hash is that of the plain bytes: it says nothing about undecoded ones.
  return { decoder, expected, wanted: isPlain ? expected.sha256 : (options.sha256 ?? null) }
}

async function receive(tools: DownloadTools, reception: Reception): Promise<DownloadResult> {
  const { key, object, target, opened, reading } = reception
  const { decoder, expected, wanted } = reading
  const { meter, hashing, memory, signal } = tools
  const sha = wanted !== null || tools.sha256 ? hashing.sha256() : null
  const crc = createCrcCheck(hashing, expected.crc32)
  const plain = createCount(sha)

  const rangeSize = Math.max(LEAST_RANGE, Math.min(MOST_RANGE, Math.floor(memory.budget / 8)))
  const keptRanges = Math.floor(opened.kept / rangeSize)
  meter.total(object.bytes, keptRanges + Math.ceil((object.bytes - opened.kept) / rangeSize))
  meter.kept(opened.kept)
  for (let number = 1; number <= keptRanges; number++) meter.part(number, rangeSize, 'kept')
  const isLater = decoder !== null && target.openDecoded !== null
  const pass = (chunk: Uint8Array): void => {
    crc.update(chunk)
    if (decoder === null) plain.update(chunk)
  }
  if (opened.kept > 0) {
    meter.phase('resuming')
    for await (const chunk of opened.replay()) {
      throwIfAborted(signal)
      pass(chunk)
    }
  }
  meter.phase('receiving')
  const order = { memory, rangeSize, from: opened.kept, window: RANGES_AT_ONCE }
  const arriving = tapped(fetchInOrder(tools, order), pass)
  let final = opened
  if (decoder !== null && !isLater) await pour(decoder(arriving), opened, plain, signal)
  else await pour(arriving, opened, null, signal)
  meter.phase('verifying')
  crc.verify(key)
  try {
    if (isLater) {
      final = await target.openDecoded()
      await pour(decoder(opened.replay()), final, plain, signal)
    }
    const sha256 = sha?.hex() ?? null
    if (wanted !== null && sha256 !== wanted) throw corrupt(key, 'SHA-256')
    await final.commit()
    if (final !== opened) await opened.discard()
    meter.phase('done')
    return resultOf(reception, plain.bytes(), sha256, proofOf(wanted, expected))
  } catch (error) {
    if (final !== opened) await final.discard()
    throw error
  }
}

function resultOf(
  { key, object, opened }: Reception,
  plainBytes: number,
  sha256: string | null,
  proof: DownloadProof | null,
): DownloadResult {
  const { etag, bytes, metadata } = object
  return { key, etag, bytes, plainBytes, sha256, proof, metadata, keptBytes: opened.kept }
}

function proofOf(wanted: string | null, expected: Expectation): DownloadProof | null {
  if (wanted !== null) return 'sha256'
  return expected.crc32 === null ? null : 'crc32'
}

function createCount(sha: RunningHash | null): { update(chunk: Uint8Array): void; bytes(): number } {
  let bytes = 0
  return {
    update: (chunk) => {
      bytes += chunk.length
      sha?.update(chunk)
    },
    bytes: () => bytes,
  }
}

async function* tapped(
  chunks: AsyncIterable<Uint8Array>,
  look: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    look(chunk)
    yield chunk
  }
}

async function pour(
  chunks: AsyncIterable<Uint8Array>,
  target: OpenTarget,
  count: { update(chunk: Uint8Array): void } | null,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const chunk of chunks) {
    throwIfAborted(signal)
    count?.update(chunk)
    await target.write(chunk)
  }
}
