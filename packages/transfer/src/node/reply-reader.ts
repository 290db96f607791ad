import type { WireReply } from '../sessions/send.ts'

export interface WholeReply extends WireReply {
  /** How long the connection can carry the next request, milliseconds; 0 = not at all, Infinity = nothing was said. */
  readonly openMs: number
}

/** Reads the replies of one connection, each in whatever pieces it comes. */
export interface ReplyReader {
  /** Before each request. */
  begin(): void
  /** @returns null while there is more to come @throws Error when this is no reply; nothing may follow then */
  push(chunk: Buffer): WholeReply | null
  /** The other side says no more. @returns null when that was in the middle */
  end(): WholeReply | null
}

const MOST_TEXT = 64 * 1024
/** As the servers of the field have it: S3 sends some hundred bytes. */
const MOST_HEAD = 32 * 1024
const MOST_LINE = 4096
/** Of the reply to a PUT, with everything before and around it. */
const MOST_BYTES = 1024 * 1024
const NOTHING = Buffer.alloc(0)

/** What the next bytes are. */
type Part = 'head' | 'sized' | 'until end' | 'chunk size' | 'chunk' | 'chunk end' | 'trailer' | 'over'

/**
 * For replies to PUT, after RFC 9112; of their body the first 64 KiB are kept as text. Where the body ends is never open to
 * guesses: two lengths, a length beside chunks, folded headers and lines without CR are refused.
 */
export function createReplyReader(): ReplyReader {
  let part: Part = 'head'
  /** Came, but was not understood yet: less than a head or a line. */
  let rest: Buffer = NOTHING
  let bytes = 0
  let head: Head = { status: 0, headers: {}, openMs: 0 }
  let left = 0
  let pieces: Buffer[] = []
  let kept = 0

  /** The next line without its end, or null. */
  const line = (): string | null => {
    const end = rest.indexOf('\r\n')
    if (end > MOST_LINE || (end < 0 && rest.length > MOST_LINE)) throw new Error('a line of the reply is too long')
    if (end < 0) return null
    const text = rest.toString('latin1', 0, end)
    rest = rest.subarray(end + 2)
    return text
  }
  const keep = (most: number): void => {
    const piece = rest.subarray(0, most)
    if (kept < MOST_TEXT) pieces.push(piece)
    kept += piece.length
    left -= piece.length
    rest = rest.subarray(piece.length)
  }
  /** One step; false when it needs more bytes. */
  const step = (): boolean => {
    if (part === 'head') {
      const end = rest.indexOf('\r\n\r\n')
      if (end > MOST_HEAD || (end < 0 && rest.length > MOST_HEAD)) throw new Error('the head of the reply is too long')
      if (end < 0 && rest.includes('\n\n')) throw new Error('the lines of the reply end without CR')
      if (end < 0) return false
      head = readHead(rest.toString('latin1', 0, end))
      rest = rest.subarray(end + 4)
      if (head.status < 200) return true // 100 and 103 come before the reply
      ;[part, left] = framing(head)
    } else if (part === 'sized' || part === 'until end') {
      keep(left)
      if (left > 0) return false
      part = 'over'
    } else if (part === 'chunk') {
      keep(left)
      if (left > 0) return false
      part = 'chunk end'
    } else {
      const text = line()
      if (text === null) return false
      if (part === 'chunk size') {
        left = chunkSize(text)
        part = left === 0 ? 'trailer' : 'chunk'
      } else if (part === 'chunk end') {
        if (text !== '') throw new Error('a chunk is longer than it says')
        part = 'chunk size'
      } else if (text === '') part = 'over'
    }
    return part !== 'over'
  }
  const whole = (): WholeReply => {
    const text = kept === 0 ? '' : Buffer.concat(pieces).toString('utf8', 0, MOST_TEXT)
    // More than the reply: nobody can tell what belongs to the next one.
    return { status: head.status, headers: head.headers, text, openMs: rest.length === 0 ? head.openMs : 0 }
  }
  return {
    begin: () => {
      part = 'head'
      rest = NOTHING
      pieces = []
      bytes = 0
      kept = 0
    },
    push: (chunk) => {
      bytes += chunk.length
      if (bytes > MOST_BYTES) throw new Error('the reply is too long')
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      while (step()) continue
      return part === 'over' ? whole() : null
    },
    end: () => {
      if (part !== 'until end') return null
      head = { ...head, openMs: 0 }
      return whole()
    },
  }
}

interface Head {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly openMs: number
}

function readHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const [, minor, code] = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/.exec(first) ?? []
  if (code === undefined || code === '101') throw new Error('this is no reply of HTTP/1.1')
  const headers = Object.create(null) as Record<string, string>
  for (const header of lines) {
    const colon = header.indexOf(':')
    const name = header.slice(0, Math.max(0, colon)).toLowerCase()
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new Error('a header of the reply has no name')
    if (/[\0\r\n]/.test(header)) throw new Error('a header of the reply has other lines in it')
    const value = withoutBlanks(header, colon + 1)
    const earlier = headers[name]
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`
  }
  return { status: Number(code), headers, openMs: openFor(minor === '1', headers) }
}

/** The rest of a header, without blanks around it. A pattern would need the square of the time for many of them. */
function withoutBlanks(header: string, from: number): string {
  const isBlank = (at: number): boolean => header[at] === ' ' || header[at] === '\t'
  let start = from
  let end = header.length
  while (start < end && isBlank(start)) start++
  while (end > start && isBlank(end - 1)) end--
  return header.slice(start, end)
}

/** A second less than the other side says, since it counts from when it sent this. */
function openFor(isPersistent: boolean, headers: Head['headers']): number {
  const words = (headers['connection'] ?? '').toLowerCase().split(/[ \t,]+/)
  const isKept = isPersistent || (words.includes('keep-alive') && headers['transfer-encoding'] === undefined)
  if (!isKept || words.includes('close')) return 0
  const seconds = /\btimeout=(\d{1,6})\b/i.exec(headers['keep-alive'] ?? '')?.[1]
  return seconds === undefined ? Infinity : Math.max(0, Number(seconds) - 1) * 1000
}

/** How the body is framed, and its first length. */
function framing({ status, headers }: Head): [Part, number] {
  if (status === 204 || status === 304) return ['sized', 0]
  const { 'content-length': length, 'transfer-encoding': coding } = headers
  if (coding !== undefined && length !== undefined) throw new Error('the reply is framed in two ways')
  if (coding?.toLowerCase() === 'chunked') return ['chunk size', 0]
  if (coding !== undefined) throw new Error('the coding of the reply is unknown')
  if (length === undefined) return ['until end', Infinity]
  if (!/^\d{1,15}$/.test(length)) throw new Error('the length of the reply is no number')
  return ['sized', Number(length)]
}

function chunkSize(text: string): number {
  const [, size] = /^0*([\da-f]{1,8})[ \t]*(?:;|$)/i.exec(text) ?? []
  if (size === undefined) throw new Error('the size of a chunk is no number')
  return Number.parseInt(size, 16)
}
