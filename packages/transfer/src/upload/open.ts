import type { Ask } from '../pace/deadline.ts'
import type { Engine } from '../engine.ts'
import { TransferError } from '../errors.ts'
import { abortUpload } from './resume.ts'
import type { OpenRequest, Session } from '../sessions/port.ts'

/** Clocks of one store, which may tell whole seconds only. */
const MARGIN_MS = 2000
/** A bad line answers a question about uploads with refusals, too. */
const MOST_TRIES = 3

/**
 * Starts an upload on the server, and takes back what attempts started whose answer was lost: nobody else knows of it.
 * @param died whether the process that had this key before died, perhaps between the start and its note in the journal
 */
export async function openUpload(engine: Engine, ask: Ask, request: OpenRequest, died: boolean): Promise<Session> {
  const begun = engine.now()
  let attempts = 0
  const opened = await ask(`start the upload of ${request.key}`, async (call) => {
    attempts++
    return await engine.sessions.open(request, call)
  })
  const withinMs = died ? Infinity : engine.now() - begun
  // When it cannot be done, the twins stay listed and hold no parts; the upload itself is well.
  for (let left = died || attempts > 1 ? MOST_TRIES : 0; left > 0; left--) {
    try {
      await dropTwins(engine, ask, opened, withinMs)
      break
    } catch (error) {
      if (!TransferError.is(error) || error.code === 'ABORTED') throw error
    }
  }
  return opened
}

/** Aborts uploads of the same key that were started shortly before this one, have no parts, and are in no journal. */
async function dropTwins(engine: Engine, ask: Ask, { uploadId, key }: Session, withinMs: number): Promise<void> {
  const open = await ask(`list the uploads of ${key}`, (call) => engine.sessions.uploads(key, call))
  const own = open.find((upload) => upload.uploadId === uploadId)
  if (own === undefined) return
  const noted = new Set((await engine.journal?.list())?.map((entry) => entry.uploadId))
  for (const twin of open) {
    const age = own.initiatedAt - twin.initiatedAt
    if (twin === own || twin.key !== key || noted.has(twin.uploadId)) continue
    if (age < -MARGIN_MS || age > withinMs + MARGIN_MS) continue
    const parts = await ask(`list the parts of ${key}`, (call) => engine.sessions.parts(twin, call))
    if (parts.length === 0) await abortUpload(engine, ask, twin)
  }
}
