import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser'
import { S3Error } from './error.ts'

/** What `buildXml` accepts: arrays repeat the element, `undefined` leaves it out. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | { readonly [name: string]: XmlValue }
  | readonly XmlValue[]

const builder = new XMLBuilder({ ignoreAttributes: true, suppressEmptyNode: false })
const parser = new XMLParser({ ignoreAttributes: true, parseTagValue: false, trimValues: false, processEntities: true })

/** One XML document with the declaration; `namespace` puts the S3 namespace on the root. */
export function buildXml(root: string, content: Readonly<Record<string, XmlValue>>, namespace = false): string {
  const inner: string = builder.build(content)
  const attribute = namespace ? ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' : ''
  return `<?xml version="1.0" encoding="UTF-8"?><${root}${attribute}>${inner}</${root}>`
}

/**
 * Parses a request document into plain objects and strings (validate the result with zod).
 * @throws S3Error `MalformedXML`
 */
export function parseXml(text: string): unknown {
  // A DTD has no place in an S3 request and is the door to entity bombs.
  if (text.includes('<!') || XMLValidator.validate(text) !== true) {
    throw new S3Error('MalformedXML', 'The XML you provided was not well-formed.')
  }
  return dropBlankText(parser.parse(text))
}

/** Indented documents leave `#text` of blanks between elements. */
function dropBlankText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropBlankText)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([name]) => name !== '#text' && name !== '?xml')
  return Object.fromEntries(entries.map(([name, inner]) => [name, dropBlankText(inner)]))
}
