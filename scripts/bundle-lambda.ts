// Bundles the gateway's Lambda handler: `pnpm bundle:lambda [folder]`, default packages/gateway/deploy/sam/build.
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Writes `lambda.mjs` and its chunks into an emptied folder; answers with the size of all of it in bytes. */
export async function bundleLambda(folder: string): Promise<number> {
  rmSync(folder, { recursive: true, force: true })
  await build({
    entryPoints: { lambda: join(root, 'packages/gateway/src/lambda.ts') },
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

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'packages/gateway/deploy/sam/build'))
  const bytes = await bundleLambda(folder)
  console.log(`${folder}: ${Math.round(bytes / 1024)} KiB`)
}
