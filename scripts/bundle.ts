import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Bundles programs for Node, each into a `name.mjs`, with their shared chunks into an emptied folder.
 * @param programs source files by the name of what becomes of them
 * @returns the size of all of it in bytes
 */
export async function bundle(programs: Readonly<Record<string, string>>, folder: string): Promise<number> {
  rmSync(folder, { recursive: true, force: true })
  await build({
    entryPoints: programs,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    // The chain's library becomes a chunk of its own, loaded when the chain is read.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@sluice/source'],
    banner: {
      js: "import { createRequire as sluiceRequire } from 'node:module'; const require = sluiceRequire(import.meta.url);",
    },
    logLevel: 'error',
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
