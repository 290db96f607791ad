import { basename } from 'node:path'
import type { TransferEvent } from '@sluice/transfer'
import { toPath, toStream } from '@sluice/transfer/node'
import { CommandError, type Context } from '@sluice/command-line'
import { causeCode } from '../errors.ts'
import type { GetFlags } from './file-flags.ts'
import { fullKey } from './find-files.ts'
import type { TransferPlace } from './open-bucket.ts'
import { duration, size } from './progress-text.ts'
import { createTransferView, viewOf } from './progress-view.ts'

/** Reads one file into a path, or to standard output; a reader that leaves early has what it wanted. */
export async function getFile(place: TransferPlace, flags: GetFlags, { terminal, signal }: Context): Promise<void> {
  const key = fullKey(flags.key)
  const output = flags.output ?? basename(key)
  if (output === '-' && terminal.json !== 'none') {
    throw new CommandError('USAGE', '--output - and --json want the same standard output; use one of them')
  }
  const view = createTransferView(viewOf(terminal))
  try {
    const target = output === '-' ? toStream(terminal.bytes, 'standard output') : toPath(output)
    const started = performance.now()
    const onEvent = (event: TransferEvent): void => view.event(event)
    const result = await place.transfer.download(key, target, {
      sha256: flags.sha256,
      decode: !flags.raw,
      signal,
      onEvent,
    })
    const took = duration((performance.now() - started) / 1000)
    const proof = result.proof === null ? 'nothing was known to verify it with' : `verified by ${result.proof}`
    view.finished(key, `${place.where}${key} is in ${output}: ${size(result.plainBytes)} in ${took}, ${proof}`)
    terminal.object({ type: 'summary', output, ...result })
  } catch (error) {
    if (output === '-' && causeCode(error, ['EPIPE']) !== null) return
    if (signal.aborted && output !== '-') {
      view.close()
      terminal.warn(`Paused: what came is kept in ${output}.part. The same command again goes on with it.`)
    }
    throw error
  } finally {
    view.close()
  }
}
