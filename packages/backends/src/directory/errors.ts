import { BackendError, type BackendErrorCode } from '../port/errors.ts'

/** What a system error means: code of ours, whether a later try may succeed, what to do. */
const meanings: Readonly<Record<string, readonly [BackendErrorCode, boolean, string]>> = {
  ENOSPC: ['NO_SPACE', true, 'The disk is full; free some space.'],
  EDQUOT: ['NO_SPACE', true, 'The quota is used up; free some space.'],
  EFBIG: ['NO_SPACE', true, 'The file is larger than the system allows here.'],
  EACCES: ['FORBIDDEN', false, 'Give this user the right to it.'],
  EPERM: ['FORBIDDEN', false, 'Give this user the right to it.'],
  EROFS: ['FORBIDDEN', false, 'The file system is mounted read-only.'],
  ELOOP: ['BAD_KEY', false, 'It is a symbolic link; links are not followed.'],
  ENOTDIR: ['CONFLICT', false, 'A file stands where a folder is needed; delete it or choose another key.'],
  EISDIR: ['CONFLICT', false, 'A folder stands where the file should go; choose another key.'],
  ENOTEMPTY: ['CONFLICT', false, 'A folder stands where the file should go; choose another key.'],
  EEXIST: ['CONFLICT', false, 'A file stands where a folder is needed; delete it or choose another key.'],
  ERR_FS_EISDIR: ['CONFLICT', false, 'A folder has this name; choose another key.'],
}

/** Turns any failure of the file system into a BackendError; one that is already passes through. */
export function directoryError(what: string, error: unknown): BackendError {
  if (BackendError.is(error)) return error
  const system = systemCode(error)
  const [code, retryable, advice] = meanings[system ?? ''] ?? ['UNAVAILABLE', true, 'Check the disk.']
  return new BackendError(code, `Cannot ${what} (${system ?? 'unknown error'}). ${advice}`, { retryable, cause: error })
}

/** Whether the error says that the file, or a folder on its way, is not there. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
