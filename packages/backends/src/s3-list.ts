import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { BackendError } from './port/errors.ts'
import { guarded } from './s3-guarded.ts'
import type { S3Target } from './s3-upload.ts'

/** All objects below a prefix, page by page, in the store's order (bytes of the UTF-8 key). @throws BackendError */
export async function* listObjects(
  target: S3Target,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<{ key: string; bytes: number }, void> {
  const where = target.describe(prefix)
  let token: string | undefined
  const tokens = new Set<string>()
  for (;;) {
    const input = {
      Bucket: target.bucket,
      Prefix: prefix,
      // Keys of others may hold characters that XML cannot.
      EncodingType: 'url',
      ...(token === undefined ? {} : { ContinuationToken: token }),
    } as const
    const page = await guarded(`list ${where}`, target.stallMs, signal, (abortSignal) =>
      target.client.send(new ListObjectsV2Command(input), { abortSignal }),
    )
    // Always there in S3; a page of some other server would read as an empty listing.
    if (page.IsTruncated === undefined) throw broken(where, 'the answer is no listing')
    for (const { Key, Size } of page.Contents ?? []) {
      if (Key === undefined || Size === undefined) throw broken(where, 'an entry has no key or size')
      const key = page.EncodingType === 'url' ? decode(Key, where) : Key
      if (!key.startsWith(prefix)) throw broken(where, 'an entry is outside of it')
      yield { key, bytes: Size }
    }
    if (!page.IsTruncated) return
    const next = page.NextContinuationToken
    if (next === undefined || tokens.has(next)) throw broken(where, 'a page says "more" without a new token')
    tokens.add(next)
    token = next
  }
}

function decode(key: string, where: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '))
  } catch {
    throw broken(where, 'a key is not URL-encoded as announced')
  }
}

function broken(where: string, problem: string): BackendError {
  return new BackendError('PROTOCOL', `The listing of ${where} is broken: ${problem}. Check the store.`, {
    retryable: true,
  })
}
