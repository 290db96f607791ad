import type { Compress } from '../engine.ts'
import { unshared } from '../pace/part-memory.ts'

/** gzip by the platform's own `CompressionStream`, in browsers and Node alike. */
export const gzip: Compress = async function* (plain) {
  const stream = new CompressionStream('gzip')
  const writer = stream.writable.getWriter()
  const feed = async (): Promise<void> => {
    try {
      for await (const chunk of plain) await writer.write(unshared(chunk))
      await writer.close()
    } catch (error) {
      await writer.abort(error)
    }
  }
  const feeding = feed()
  feeding.catch(() => undefined) // the reader below gets the same error
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield value
    }
    await feeding
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Small enough for the 8 MiB window that RFC 9659 allows for content codings. */
const FRAME = 4 * 1024 * 1024

/**
 * zstd from a function that compresses one piece: the frames follow each other, which any decoder takes for one stream
 * (RFC 8878, 3.1).
 */
export function zstdFrames(compress: (plain: Uint8Array) => Uint8Array): Compress {
  return async function* (plain) {
    const frame = new Uint8Array(FRAME)
    let filled = 0
    let frames = 0
    for await (const chunk of plain) {
      for (let at = 0; at < chunk.length;) {
        const piece = chunk.subarray(at, at + FRAME - filled)
        frame.set(piece, filled)
        filled += piece.length
        at += piece.length
        if (filled < FRAME) continue
        yield compress(frame)
        filled = 0
        frames++
      }
    }
    if (filled > 0 || frames === 0) yield compress(frame.subarray(0, filled))
  }
}
