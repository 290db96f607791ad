import { compress, init } from '@bokuweb/zstd-wasm'
import { zstdFrames } from '../upload/compress.ts'
import type { Compress } from '../engine.ts'

const LEVEL = 3
let ready: Promise<void> | null = null

/** libzstd as WebAssembly: Node 20 has no zstd of its own, and the bytes are the same on every version. */
export const zstd: Compress = async function* (plain) {
  await (ready ??= init())
  yield* zstdFrames((frame) => compress(frame, LEVEL))(plain)
}
