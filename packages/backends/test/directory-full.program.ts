import { createDirectoryBackend } from '../src/directory/backend.ts'
import { objectOf } from '../src/port/contract-calls.ts'

/** Run by directory.test.ts with a file size limit of 512 KiB: stores a small and a large object, prints the results. */
const backend = createDirectoryBackend({ root: process.argv[2] ?? '' })
const results: object[] = []
for await (const result of backend.put([objectOf('small', 'x'), objectOf('large', new Uint8Array(2_000_000))])) {
  results.push(
    result.ok
      ? { key: result.key, ok: true }
      : { key: result.key, ok: false, code: result.error.code, retryable: result.error.retryable },
  )
}
process.stdout.write(JSON.stringify(results))
