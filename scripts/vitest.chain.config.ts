import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

if (!/^wss?:\/\/\S+$/.test(process.env['SLUICE_TEST_CHAIN'] ?? '')) {
  process.stderr.write(
    'SLUICE_TEST_CHAIN is not set. Give it the URL of a node with subnet 13 and the development keys, for example:\n' +
      '  SLUICE_TEST_CHAIN=ws://127.0.0.1:9944 pnpm test:chain\n',
  )
  process.exit(2)
}

/** The chain tests against the node in SLUICE_TEST_CHAIN: the same ones that run against the devnet's node by default. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['@sluice/source'] },
  ssr: { resolve: { conditions: ['@sluice/source'] } },
  test: {
    include: ['packages/chain/test/live/*.test.ts'],
    // They write to one chain with the same keys.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
