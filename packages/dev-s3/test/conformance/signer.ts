import { createHash, createHmac } from 'node:crypto'

// Written apart from the server's own signature code on purpose: two readings of the same text must agree.

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Signing extends Keys {
  readonly date: Date
  readonly region: string
}

export interface ToSign {
  readonly method: string
  /** Already percent-encoded. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** Lower-case names. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly payload: string
}

export function encode(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((byte) => {
      const letter = String.fromCharCode(byte)
      return /[A-Za-z0-9_.~-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export function amzDate(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

export function scopeOf(signing: Signing): string {
  return `${amzDate(signing.date).slice(0, 8)}/${signing.region}/s3/aws4_request`
}

export function keyOf(signing: Signing): Buffer {
  const steps = [amzDate(signing.date).slice(0, 8), signing.region, 's3', 'aws4_request']
  let key: Buffer = Buffer.from(`AWS4${signing.secretAccessKey}`)
  for (const step of steps) key = createHmac('sha256', key).update(step).digest()
  return key
}

export function hmacHex(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

export function queryText(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .map((name) => `${encode(name)}=${encode(query[name] ?? '')}`)
    .sort()
    .join('&')
}

function signatureOf(request: ToSign, signing: Signing): string {
  const names = Object.keys(request.headers).sort()
  const lines = names.map((name) => `${name}:${request.headers[name]?.trim()}\n`).join('')
  const query = queryText(request.query)
  const canonical = [request.method, request.path, query, lines, names.join(';'), request.payload].join('\n')
  const text = ['AWS4-HMAC-SHA256', amzDate(signing.date), scopeOf(signing), sha256(canonical)].join('\n')
  return hmacHex(keyOf(signing), text)
}

/** Returns all headers incl. Authorization, and the signature as the seed of a chunk chain. */
export function signHeaders(request: ToSign, signing: Signing): { headers: Record<string, string>; signature: string } {
  const headers = { ...request.headers, 'x-amz-date': amzDate(signing.date), 'x-amz-content-sha256': request.payload }
  const signature = signatureOf({ ...request, headers }, signing)
  const credential = `${signing.accessKeyId}/${scopeOf(signing)}`
  const names = Object.keys(headers).sort().join(';')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  return { headers: { ...headers, authorization }, signature }
}

/** Returns the query of a presigned URL. */
export function presignQuery(request: ToSign, signing: Signing, expires: number): Record<string, string> {
  const query = {
    ...request.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${signing.accessKeyId}/${scopeOf(signing)}`,
    'X-Amz-Date': amzDate(signing.date),
    'X-Amz-Expires': String(expires),
    'X-Amz-SignedHeaders': Object.keys(request.headers).sort().join(';'),
  }
  return { ...query, 'X-Amz-Signature': signatureOf({ ...request, query }, signing) }
}

/** `aws-chunked` body; with a seed every chunk (and the trailer) is signed. */
export function chunkedBody(
  chunks: readonly Uint8Array[],
  options: { signing?: Signing; seed?: string; trailers?: Readonly<Record<string, string>> },
): Buffer {
  const { signing, trailers } = options
  const pieces: Buffer[] = []
  let previous = options.seed ?? ''
  const sign = (kind: string, ...rest: string[]): string => {
    if (signing === undefined) return ''
    const text = [`AWS4-HMAC-SHA256-${kind}`, amzDate(signing.date), scopeOf(signing), previous, ...rest].join('\n')
    previous = hmacHex(keyOf(signing), text)
    return previous
  }
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    const signature = sign('PAYLOAD', sha256(''), sha256(chunk))
    pieces.push(
      Buffer.from(`${chunk.length.toString(16)}${signature === '' ? '' : `;chunk-signature=${signature}`}\r\n`),
    )
    pieces.push(Buffer.from(chunk))
    if (chunk.length > 0) pieces.push(Buffer.from('\r\n'))
  }
  const lines = Object.entries(trailers ?? {}).map(([name, value]) => `${name}:${value}`)
  for (const line of lines) pieces.push(Buffer.from(`${line}\r\n`))
  if (trailers !== undefined && signing !== undefined) {
    const signature = sign('TRAILER', sha256(lines.map((line) => `${line}\n`).join('')))
    pieces.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`))
  }
  pieces.push(Buffer.from('\r\n'))
  return Buffer.concat(pieces)
}
