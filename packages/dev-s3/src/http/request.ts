import type { IncomingMessage } from 'node:http'
import { S3Error } from './error.ts'
import type { Pace } from './sabotage.ts'

/** An HTTP request read as S3 does: path style, decoded once. */
export interface S3Request {
  readonly method: string
  /** Decoded path, as signed. */
  readonly path: string
  readonly bucket: string | null
  readonly key: string | null
  readonly query: ReadonlyMap<string, string>
  /** Every pair in order, for the signature. */
  readonly queryPairs: readonly (readonly [string, string])[]
  /** Lower-case names; repeated headers joined with commas. */
  readonly headers: Readonly<Record<string, string>>
  /** The raw body. Leaving its loop early keeps the socket open for the error reply. */
  readonly body: AsyncIterable<Buffer>
}

/** @throws S3Error `InvalidURI` when the target is not valid UTF-8 percent encoding. */
export function readRequest(message: IncomingMessage, pace: Pace): S3Request {
  const target = message.url ?? '/'
  const mark = target.indexOf('?')
  const path = decode(mark === -1 ? target : target.slice(0, mark))
  const queryPairs = mark === -1 ? [] : readQuery(target.slice(mark + 1))
  const slash = path.indexOf('/', 1)
  const bucket = slash === -1 ? path.slice(1) : path.slice(1, slash)
  const key = slash === -1 ? '' : path.slice(slash + 1)
  return {
    method: message.method ?? 'GET',
    path,
    bucket: bucket === '' ? null : bucket,
    key: key === '' ? null : key,
    query: new Map(queryPairs),
    queryPairs,
    headers: joinHeaders(message.headersDistinct),
    body: readBody(message, pace),
  }
}

async function* readBody(message: IncomingMessage, pace: Pace): AsyncGenerator<Buffer> {
  for await (const piece of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    await pace(piece.length)
    yield piece
  }
}

function readQuery(text: string): [string, string][] {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      const name = equals === -1 ? pair : pair.slice(0, equals)
      const value = equals === -1 ? '' : pair.slice(equals + 1)
      return [decode(name.replaceAll('+', ' ')), decode(value.replaceAll('+', ' '))]
    })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidURI', 'The request target is not valid percent-encoded UTF-8.')
  }
}

/** Header bytes are UTF-8 for S3; Node hands them out as latin1. */
function joinHeaders(distinct: NodeJS.Dict<string[]>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, values] of Object.entries(distinct)) {
    if (values !== undefined) headers[name] = Buffer.from(values.join(','), 'latin1').toString('utf8')
  }
  return headers
}
