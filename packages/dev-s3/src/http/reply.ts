import { createReadStream } from 'node:fs'
import { buildXml, type XmlValue } from './xml.ts'

/** What a handler answers; the server adds the request id and writes it. */
export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Files to stream instead of `body`. `end` is exclusive. */
  readonly slices?: readonly FileSlice[]
}

export interface FileSlice {
  readonly path: string
  readonly start: number
  readonly end: number
}

export function xmlReply(
  root: string,
  content: Readonly<Record<string, XmlValue>>,
  headers: Record<string, string> = {},
): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml', ...headers },
    body: buildXml(root, content, true),
  }
}

/** The `<Error>` document of the S3 REST protocol. */
export function errorXml(code: string, message: string, bucket: string | null, requestId: string): string {
  const place = bucket === null ? {} : { BucketName: bucket }
  return buildXml('Error', { Code: code, Message: message, ...place, RequestId: requestId, HostId: 'devnet' })
}

export async function* readSlices(slices: readonly FileSlice[]): AsyncGenerator<Buffer> {
  for (const { path, start, end } of slices) {
    if (end > start) yield* createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 })
  }
}
