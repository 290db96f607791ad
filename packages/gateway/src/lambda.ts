/** The handler for Lambda behind a function URL; see deploy/sam/template.yaml. */
import { openGateway, type RunningGateway } from './compose.ts'
import { createLambdaHandler, type LambdaReply } from './http/lambda-handler.ts'
import { environment, readSettings } from './settings.ts'

let opened: Promise<RunningGateway> | null = null

/** Opened by the first request and kept while the environment lives; after a failure the next request tries again. */
const open = async (): Promise<RunningGateway> => {
  opened ??= openGateway(readSettings(environment()))
  try {
    return await opened
  } catch (error) {
    opened = null
    throw error
  }
}

/** Between two requests the environment may have slept for long, so what is known of the chain may be old. */
const REFRESH_AFTER_MS = 60_000
/** The chain goes on being read beside what is done. */
const WAIT_MS = 5_000

const answer = createLambdaHandler(async () => {
  const running = await open()
  await running.freshen(REFRESH_AFTER_MS, WAIT_MS)
  return running.gateway
})

/** An event of the scheduler runs the janitor, anything else is a request. */
export async function handler(event: unknown): Promise<LambdaReply> {
  const { source } = (typeof event === 'object' && event !== null ? event : {}) as { readonly source?: unknown }
  if (source !== 'aws.events' && source !== 'sluice.janitor') return await answer(event)
  const running = await open()
  // What it learns is kept in the state, so an environment that starts next need not wait for the chain.
  await running.freshen(0, WAIT_MS)
  const { janitor } = running.gateway
  const count = (await janitor.sweep()) + (await janitor.sweepStrays())
  return { statusCode: 200, headers: {}, body: JSON.stringify({ aborted: count }) }
}
