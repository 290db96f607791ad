import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The chain tests against the node in SLUICE_TEST_CHAIN: the same ones that run against the devnet's node by default. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['@sluice/source'] },
  ssr: { resolve: { conditions: ['@sluice/source'] } },
  test: {
    globalSetup: ['packages/chain/test/live/require-url.ts'],
    include: ['packages/chain/test/live/*.test.ts'],
    // They write to one chain with the same keys.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
