import { S3Error } from '../http/error.ts'

/** A form whose fields were read and whose file is still arriving. */
export interface OpenForm {
  /** Lower-case names. */
  readonly fields: ReadonlyMap<string, string>
  readonly fileName: string
  /** Content type of the file part, if it had one. */
  readonly fileType: string | undefined
  /** The file; ends at the boundary. What follows it is ignored, as S3 says. */
  readonly file: AsyncIterable<Buffer>
}

const FIELDS_LIMIT = 64 * 1024

/**
 * Reads `multipart/form-data` (RFC 7578) as it streams: small fields first, the file last.
 * @throws S3Error `MalformedPOSTRequest`
 */
export async function readForm(source: AsyncIterable<Buffer>, contentType: string): Promise<OpenForm> {
  const match = /^multipart\/form-data\s*;.*\bboundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType)
  const boundary = match?.[1] ?? match?.[2]
  if (boundary === undefined) throw malformed('The content type must be multipart/form-data with a boundary.')
  // A CRLF in front makes the first boundary look like all others.
  const reader = createReader(source, Buffer.from('\r\n'))
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const fields = new Map<string, string>()
  let budget = FIELDS_LIMIT
  await collect(reader.until(delimiter), budget)
  for (;;) {
    const rest = await collect(reader.until(Buffer.from('\r\n')), 256)
    if (rest.startsWith('--')) throw malformed('The form has no file.')
    const head = await collect(reader.until(Buffer.from('\r\n\r\n')), budget)
    const { name, fileName, type } = readPartHead(head)
    if (name === 'file') return { fields, fileName, fileType: type, file: reader.until(delimiter) }
    const value = await collect(reader.until(delimiter), budget)
    budget -= head.length + value.length
    if (budget < 0) throw malformed('The form fields are larger than 64 KiB.')
    fields.set(name, value)
  }
}

function readPartHead(head: string): { name: string; fileName: string; type: string | undefined } {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? ''
  const name = /(?:^|;|\s)name="([^"]*)"/i.exec(disposition)?.[1]
  if (name === undefined) throw malformed('A part of the form has no name.')
  const fileName = /filename="([^"]*)"/i.exec(disposition)?.[1] ?? ''
  const type = /^content-type:\s*(.+?)\s*$/im.exec(head)?.[1]
  return { name: name.toLowerCase(), fileName, type }
}

interface MarkReader {
  /** The bytes before `mark`, which is consumed. @throws S3Error when the body ends first */
  until(mark: Buffer): AsyncGenerator<Buffer>
}

function createReader(source: AsyncIterable<Buffer>, start: Buffer): MarkReader {
  const iterator = source[Symbol.asyncIterator]()
  let buffer = start
  return {
    until: async function* (mark) {
      for (;;) {
        const found = buffer.indexOf(mark)
        if (found !== -1) {
          const piece = buffer.subarray(0, found)
          buffer = buffer.subarray(found + mark.length)
          if (piece.length > 0) yield piece
          return
        }
        // The mark may be cut by the end of this piece, so its length is held back.
        const safe = buffer.length - mark.length + 1
        if (safe > 0) {
          const piece = buffer.subarray(0, safe)
          buffer = buffer.subarray(safe)
          yield piece
        }
        const next = await iterator.next()
        if (next.done === true) throw malformed('The form ended too early.')
        buffer = Buffer.concat([buffer, next.value])
      }
    },
  }
}

async function collect(chunks: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of chunks) {
    bytes += piece.length
    if (bytes > limit) throw malformed('A field of the form is too large.')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function malformed(message: string): S3Error {
  return new S3Error('MalformedPOSTRequest', message)
}
