import { BackendError } from '@sluice/backends'
import type { ByteReader, ManifestFile } from '@sluice/dataset'
import { ValidatorError } from '../errors.ts'
import type { Budget } from './budget.ts'
import type { Source } from './miner-place.ts'

/**
 * Range reads of one file of a manifest, within a budget.
 * @throws ValidatorError FILE_ABSENT, SIZE_DIFFERS, LIMIT; BackendError
 */
export function createObjectReader(backend: Source, file: ManifestFile, budget: Budget): ByteReader {
  return {
    bytes: file.bytes,
    async read(start, end) {
      budget.spend(end - start)
      const { signal } = budget
      const opened = await backend.open(file.path, { start, end: end - 1 }, { signal })
      if (opened === null) throw absent(file)
      if (opened.bytes !== file.bytes) {
        await opened.body.cancel()
        throw sizeDiffers(file, opened.bytes)
      }
      const bytes = new Uint8Array(end - start)
      let filled = 0
      for await (const chunk of opened.body) {
        if (filled + chunk.length > bytes.length) throw unexpectedBytes(file)
        bytes.set(chunk, filled)
        filled += chunk.length
      }
      if (filled < bytes.length) throw unexpectedBytes(file)
      return bytes
    },
  }
}

export function absent(file: ManifestFile): ValidatorError {
  return new ValidatorError('FILE_ABSENT', `the manifest names ${file.path}, which is not there`)
}

export function sizeDiffers(file: ManifestFile, bytes: number): ValidatorError {
  return new ValidatorError('SIZE_DIFFERS', `${file.path} has ${bytes} bytes, its manifest says ${file.bytes}`)
}

function unexpectedBytes(file: ManifestFile): BackendError {
  return new BackendError('PROTOCOL', `a range of ${file.path} came with another length`, { retryable: true })
}
