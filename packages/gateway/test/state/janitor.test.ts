import { once } from 'node:events'
import { expect, test } from 'vitest'
import { createJanitor, runJanitor } from '../../src/janitor.ts'
import { createSqliteState } from '../../src/state/sqlite.ts'
import type { Session } from '../../src/state/state.ts'
import { openScene, type Scene } from '../scene.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const expired: Omit<Session, 'uploadId'> = {
  hotkey: 'a',
  key: 'data/hotkey=a/x',
  bytes: 1,
  partSize: 1,
  maxParts: 1,
  checksum: 'none',
  openedAt: 0,
  expiresAt: 1,
  result: null,
}
const janitorOf = (
  scene: Scene,
  more: Partial<Parameters<typeof createJanitor>[0]>,
): ReturnType<typeof createJanitor> =>
  createJanitor({
    state: createSqliteState(':memory:'),
    store: scene.store,
    uploads: { abort: async () => undefined } as never,
    log: silent,
    metrics: scene.gateway.metrics,
    // All that are there.
    strayAfterSeconds: -60,
    now: Date.now,
    ...more,
  })

test('an upload that cannot be aborted does not keep the others', async () => {
  await using scene = await openScene()
  for (const name of ['a', 'b', 'c'])
    await scene.store.create({ key: `data/hotkey=x/${name}`, metadata: {}, checksum: 'none' })
  const abort = async (key: string, uploadId: string): Promise<void> => {
    if (key.endsWith('/a')) throw new Error('denied')
    await scene.store.abort(key, uploadId)
  }
  expect(await janitorOf(scene, { store: { ...scene.store, abort } }).sweepStrays()).toBe(2)
  expect((await scene.store.uploads('data/', null)).uploads.map(({ key }) => key)).toEqual(['data/hotkey=x/a'])
})

test('a stop waits for the upload at hand, not for all that are left', async () => {
  await using scene = await openScene()
  const state = createSqliteState(':memory:')
  for (let n = 0; n < 50; n++)
    await state.open({ ...expired, uploadId: `u${n}` }, { uploads: 50, bytes: Number.MAX_SAFE_INTEGER })
  let begun = 0
  const events = new EventTarget()
  let open = (): void => undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const abort = async (): Promise<void> => {
    begun++
    events.dispatchEvent(new Event('begun'))
    await gate
  }
  const first = once(events, 'begun')
  const janitor = runJanitor(janitorOf(scene, { state, uploads: { abort } as never }), silent, 1)
  await first
  const stopped = janitor.stop()
  open()
  await stopped
  expect(begun).toBe(1)
})
