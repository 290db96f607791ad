/** Creates a bucket on an S3 server that is not ours: one signed request, so no SDK is needed at run time. */
import { createHash, createHmac } from 'node:crypto'

export interface OutsideS3 {
  /** `http(s)://host:port`, path style. */
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Default `us-east-1`. */
  readonly region?: string
}
const EMPTY_SHA256 = createHash('sha256').digest('hex')

/**
 * PUT Bucket, signed with SigV4 (AWS "Authenticating Requests", headers variant). A bucket we already own is fine.
 * Throws Error with the server's code and what to check.
 */
export async function createBucket(
  server: OutsideS3,
  bucket: string,
  {
    fetch = globalThis.fetch,
    now = Date.now,
    signal,
  }: { fetch?: typeof globalThis.fetch; now?: () => number; signal?: AbortSignal } = {},
): Promise<void> {
  if (!/^https?:\/\//i.test(server.url) || !URL.canParse(server.url)) {
    throw new Error(`${server.url} is no address of an S3 server: give http(s)://host:port`)
  }
  const target = new URL(`/${bucket}`, server.url)
  const stamp = new Date(now()).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const scope = `${stamp.slice(0, 8)}/${server.region ?? 'us-east-1'}/s3/aws4_request`
  const signed = 'host;x-amz-content-sha256;x-amz-date'
  const headers = `host:${target.host}\nx-amz-content-sha256:${EMPTY_SHA256}\nx-amz-date:${stamp}\n`
  const request = ['PUT', target.pathname, '', headers, signed, EMPTY_SHA256].join('\n')
  const digest = createHash('sha256').update(request).digest('hex')
  const secret: string | Buffer = `AWS4${server.secretAccessKey}`
  const key = scope.split('/').reduce<string | Buffer>((parent, part) => hmac(parent, part), secret)
  const signature = hmac(key, ['AWS4-HMAC-SHA256', stamp, scope, digest].join('\n')).toString('hex')
  const credential = `${server.accessKeyId}/${scope}`
  const response = await fetch(target, {
    method: 'PUT',
    headers: {
      'x-amz-date': stamp,
      'x-amz-content-sha256': EMPTY_SHA256,
      authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
    },
    signal: signal ?? AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    throw new Error(`cannot reach the S3 server at ${server.url}; is it running?`, { cause })
  })
  const body = await response.text()
  const code = /<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? ''
  if (response.ok || code === 'BucketAlreadyOwnedByYou') return
  throw new Error(
    `cannot create bucket ${bucket} at ${server.url}: ${response.status} ${code}; check the endpoint, the keys and the bucket's name`,
  )
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
