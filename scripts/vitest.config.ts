import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The default suite: every package and the end-to-end tests, on loopback only. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions: ['@sluice/source'] },
  ssr: { resolve: { conditions: ['@sluice/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    // By default one processor is left idle, which is half of a machine with two.
    maxWorkers: '100%',
    // The SDK's own switch for its notice about the end of Node 20, one in each process.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/main.ts'],
      thresholds: {
        'packages/rollout/src/**': { lines: 90 },
        'packages/storage/src/**': { lines: 90 },
        'packages/chain/src/**': { lines: 90 },
        'packages/dataset/src/**': { lines: 90 },
      },
    },
  },
})
