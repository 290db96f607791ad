/**
 * What is hashed for the challenge of an sr25519 signature: schnorrkel's `simple_signing_context(b"substrate")` transcript,
 * Merlin 1.0 over STROBE-128 (merlin.cool, strobe.sourceforge.io), only the operations that verification needs.
 *
 * STROBE closes its blocks as cSHAKE128 does, so its whole run is one message: absorbed by SHAKE128 with `DOMAIN` in the
 * place of SHAKE's own suffix, it gives the challenge as output.
 */

/** The suffix of cSHAKE. */
export const DOMAIN = 0x04
/** The rate of SHAKE128, of which STROBE leaves the last two bytes for closing a block. */
const BLOCK = 168
const RATE = BLOCK - 2
/** `DOMAIN`, and the bit that ends a block of the sponge. */
const BLOCK_END = DOMAIN ^ 0x80

const META = 16
const ASSOCIATED = 2
const PRF = 1 | 2 | 4
const utf8 = new TextEncoder()

interface Strobe {
  readonly bytes: Uint8Array
  /** Where the next byte goes. */
  at: number
  /** Where in its block the running operation began, from 1; 0 when in an earlier block. */
  begin: number
}

function absorb(strobe: Strobe, data: Uint8Array): void {
  for (let from = 0; from < data.length;) {
    const piece = data.subarray(from, from + RATE - (strobe.at % BLOCK))
    strobe.bytes.set(piece, strobe.at)
    strobe.at += piece.length
    from += piece.length
    if (strobe.at % BLOCK < RATE) continue
    strobe.bytes[strobe.at++] = strobe.begin
    strobe.bytes[strobe.at++] = BLOCK_END
    strobe.begin = 0
  }
}

function operation(strobe: Strobe, flags: number): void {
  const before = strobe.begin
  strobe.begin = (strobe.at % BLOCK) + 1
  absorb(strobe, Uint8Array.of(before, flags))
}

/** Merlin frames label and length in one metadata operation. */
function label(strobe: Strobe, name: Uint8Array, length: number): void {
  operation(strobe, META | ASSOCIATED)
  absorb(strobe, name)
  absorb(strobe, Uint8Array.of(length & 255, (length >>> 8) & 255, (length >>> 16) & 255, length >>> 24))
}

function append(strobe: Strobe, name: Uint8Array, message: Uint8Array): void {
  label(strobe, name, message.length)
  operation(strobe, ASSOCIATED)
  absorb(strobe, message)
}

const SIGN_BYTES = utf8.encode('sign-bytes')
const PROTO_NAME = utf8.encode('proto-name')
const SCHNORR = utf8.encode('Schnorr-sig')
const SIGN_PK = utf8.encode('sign:pk')
const SIGN_R = utf8.encode('sign:R')
const SIGN_C = utf8.encode('sign:c')

/** The transcript up to the message, which is the same for all. */
const start: Strobe = (() => {
  const strobe: Strobe = { bytes: new Uint8Array(2 * BLOCK), at: BLOCK, begin: 0 }
  strobe.bytes.set([1, BLOCK, 1, 0, 1, 96])
  strobe.bytes.set(utf8.encode('STROBEv1.0.2'), 6)
  operation(strobe, META | ASSOCIATED)
  absorb(strobe, utf8.encode('Merlin v1.0'))
  append(strobe, utf8.encode('dom-sep'), utf8.encode('SigningContext'))
  append(strobe, new Uint8Array(0), utf8.encode('substrate'))
  return strobe
})()
/** All that is absorbed but the message, rounded up. */
const FRAME = 3 * BLOCK

/** The message whose first 64 bytes of hash, modulo the group's order, are the challenge. */
export function challengeMessage(message: Uint8Array, publicKey: Uint8Array, r: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME + Math.ceil(message.length / RATE) * BLOCK)
  bytes.set(start.bytes.subarray(0, start.at))
  const strobe: Strobe = { bytes, at: start.at, begin: start.begin }
  append(strobe, SIGN_BYTES, message)
  append(strobe, PROTO_NAME, SCHNORR)
  append(strobe, SIGN_PK, publicKey)
  append(strobe, SIGN_R, r)
  label(strobe, SIGN_C, 64)
  operation(strobe, PRF)
  // The output begins with a new block: this one is closed by the hash itself.
  if (strobe.at % BLOCK === 0) return bytes.subarray(0, strobe.at - 1)
  bytes[strobe.at++] = strobe.begin
  return bytes.subarray(0, strobe.at)
}
