// Bundles the gateway's Lambda handler: `pnpm bundle:lambda [folder]`, default packages/gateway/deploy/sam/build.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Writes `lambda.mjs` and its chunks into an emptied folder; answers with the size of all of it in bytes. */
export async function bundleLambda(folder: string): Promise<number> {
  return await bundle({ lambda: join(root, 'packages/gateway/src/lambda.ts') }, folder)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? join(root, 'packages/gateway/deploy/sam/build'))
  const bytes = await bundleLambda(folder)
  console.log(`${folder}: ${Math.round(bytes / 1024)} KiB`)
}
