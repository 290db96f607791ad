/**
 * A byte stream over a generator: pulled on demand, the generator is closed on cancel.
 * `release` runs on cancel too, since a generator that never started does not reach its own `finally`.
 */
export function streamOf(
  chunks: AsyncGenerator<Uint8Array, void>,
  release?: () => Promise<void> | void,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await chunks.return()
        await release?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/**
 * Reads a stream into memory, at most `limit` bytes.
 * @returns null when there is more; the rest is cancelled then
 */
export async function readAll(body: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of body) {
    total += chunk.length
    if (total > limit) return null // leaving the loop cancels the stream
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks, total))
}
