import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vitest/config'
import base from '../vitest.config.ts'
import { defences } from './defences.ts'

const removed = defences[Number(process.env['SLUICE_WITHOUT'] ?? -1)]

/** The usual suites, with one defence taken out of the source as it is loaded; the file on disk stays as it is. */
export default mergeConfig(
  base,
  defineConfig({
    plugins: [
      {
        name: 'without-a-defence',
        enforce: 'pre',
        transform: (code, id) => {
          if (removed === undefined || id !== fileURLToPath(new URL(`../../${removed.file}`, import.meta.url)))
            return null
          if (!code.includes(removed.code)) throw new Error(`${removed.file} no longer has: ${removed.code}`)
          return { code: code.replace(removed.code, () => removed.instead ?? ''), map: null }
        },
      },
    ],
    test: { testTimeout: 20_000 },
  }),
)
