import type { Ask } from '../pace/deadline.ts'
import { TransferError } from '../errors.ts'
import type { PartToSign, SessionRef, SignedPart, UploadSessions } from '../sessions/port.ts'

const MOST_PER_CALL = 100

/** Signs parts one by one for its callers, and in pages towards the server: what is asked at once goes in one call. */
export function createPartSigner(
  sessions: UploadSessions,
  session: SessionRef,
  ask: Ask,
): (part: PartToSign) => Promise<SignedPart> {
  interface Waiting {
    readonly part: PartToSign
    readonly resolve: (signed: SignedPart) => void
    readonly reject: (error: unknown) => void
  }
  let waiting: Waiting[] = []
  let running = false

  async function run(): Promise<void> {
    running = true
    await Promise.resolve() // whoever asks in the same turn comes along
    while (waiting.length > 0) {
      const page = waiting.slice(0, MOST_PER_CALL)
      waiting = waiting.slice(MOST_PER_CALL)
      try {
        const parts = page.map(({ part }) => part)
        const signed = await ask(`sign parts of ${session.key}`, (call) => sessions.sign(session, parts, call))
        for (const [index, { part, resolve, reject }] of page.entries()) {
          const found = signed[index]
          if (found?.partNumber === part.partNumber) resolve(found)
          else reject(mixedUp(session.key))
        }
      } catch (error) {
        for (const { reject } of page) reject(error)
      }
    }
    running = false
  }

  return (part) =>
    new Promise((resolve, reject) => {
      waiting.push({ part, resolve, reject })
      if (!running) void run()
    })
}

function mixedUp(key: string): TransferError {
  const text = `The signed URLs for ${key} are not those that were asked for; check the service.`
  return new TransferError('PROTOCOL', text, { retryable: false })
}
