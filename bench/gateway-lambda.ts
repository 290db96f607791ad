import { spawn } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSqliteState } from '../packages/gateway/src/state/sqlite.ts'
import { bundleLambda } from '../scripts/bundle-lambda.ts'

const sqlite = fileURLToPath(new URL('../packages/sqlite', import.meta.url))
const RUNS = 5

/**
 * Bundles the handler and measures the time from the start of a fresh process to its first answer, the median of five.
 * The subnet's view is in the state, as it is there after any other gateway has run; the chain is not waited for.
 */
export async function measureLambda(folder: string): Promise<{ coldMs: number; bytes: number }> {
  const build = join(folder, 'lambda')
  const bytes = await bundleLambda(build)
  symlinkSync(join(sqlite, 'node_modules'), join(build, 'node_modules'))
  const stateFile = join(folder, 'lambda.sqlite')
  const state = createSqliteState(stateFile)
  await state.keep('subnet-13@ws://127.0.0.1:9', JSON.stringify({ block: 1, movedAt: Date.now(), standings: [] }))
  await state.close()
  const program = join(build, 'measure.mjs')
  writeFileSync(
    program,
    `import { handler } from './lambda.mjs'
const event = { rawPath: '/uploads/list', headers: {}, body: '{}', requestContext: { http: { method: 'POST' } } }
const { statusCode } = await handler(event)
process.stdout.write(String(statusCode), () => process.exit(0))
`,
  )
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now()
    await answered(program, stateFile)
    times.push(performance.now() - started)
  }
  times.sort((one, other) => one - other)
  return { coldMs: times[Math.floor(RUNS / 2)] ?? 0, bytes }
}

async function answered(program: string, stateFile: string): Promise<void> {
  const child = spawn(process.execPath, [program], {
    env: {
      SLUICE_GATEWAY_PUBLIC_URL: 'https://gateway.example.com',
      SLUICE_NETUID: '13',
      SLUICE_CHAIN_ENDPOINT: 'ws://127.0.0.1:9',
      SLUICE_S3_BUCKET: 'subnet',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      SLUICE_GATEWAY_STATE: stateFile,
      SLUICE_GATEWAY_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  await new Promise((resolve) => child.once('close', resolve))
  // An unsigned request is refused after everything was opened.
  if (!output.endsWith('401')) throw new Error(`the handler answered ${output}: ${errors}`)
}
