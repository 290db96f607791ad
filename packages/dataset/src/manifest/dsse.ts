import { canonicalize } from 'json-canonicalize'
import { z } from 'zod'
import { DatasetError } from '../errors.ts'

/** `payloadType` of a manifest's envelope. */
export const MANIFEST_PAYLOAD_TYPE = 'application/vnd.sluice.manifest+json'

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).length(1),
})

/** An opened envelope; nothing in it is verified yet. */
export interface Envelope {
  readonly payloadType: string
  readonly payload: Uint8Array
  readonly keyid: string
  readonly signature: Uint8Array
}

/**
 * What is signed: DSSE's pre-authentication encoding, `DSSEv1 SP len(type) SP type SP len(body) SP body`
 * (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md).
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `
  return Buffer.concat([Buffer.from(head, 'utf8'), payload])
}

/** The envelope as canonical JSON (RFC 8785). */
export function writeEnvelope({ payloadType, payload, keyid, signature }: Envelope): Uint8Array {
  return Buffer.from(
    canonicalize({
      payload: Buffer.from(payload).toString('base64'),
      payloadType,
      signatures: [{ keyid, sig: Buffer.from(signature).toString('base64') }],
    }),
    'utf8',
  )
}

/** @throws DatasetError `BAD_MANIFEST` */
export function readEnvelope(bytes: Uint8Array): Envelope {
  const parsed = envelopeSchema.safeParse(parseJson(bytes))
  if (!parsed.success) throw new DatasetError('BAD_MANIFEST', 'the manifest is not a DSSE envelope with one signature')
  const { payload, payloadType, signatures } = parsed.data
  const { keyid, sig } = signatures[0]!
  const envelope = { payloadType, payload: decodeBase64(payload), keyid, signature: decodeBase64(sig) }
  if (Buffer.compare(writeEnvelope(envelope), bytes) !== 0) {
    throw new DatasetError('BAD_MANIFEST', 'the envelope is not canonical JSON (RFC 8785)')
  }
  return envelope
}

/** Reads JSON in UTF-8. @throws DatasetError `BAD_MANIFEST` */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    throw new DatasetError('BAD_MANIFEST', 'the manifest is not JSON in UTF-8', cause)
  }
}

function decodeBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw new DatasetError('BAD_MANIFEST', 'the manifest has malformed base64')
  return bytes
}
