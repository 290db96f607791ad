/**
 * The challenge of an sr25519 signature: what schnorrkel's `simple_signing_context(b"substrate")` transcript gives.
 * Merlin 1.0 over STROBE-128 (merlin.cool, strobe.sourceforge.io), only the operations that verification needs.
 */
import { keccakP } from '@noble/hashes/sha3.js'

const RATE = 166
const META = 16
const ASSOCIATED = 2
const PRF = 1 | 2 | 4
const utf8 = new TextEncoder()

interface Strobe {
  readonly state: Uint8Array
  pos: number
  begin: number
}

function permute(strobe: Strobe): void {
  const { state } = strobe
  state[strobe.pos]! ^= strobe.begin
  state[strobe.pos + 1]! ^= 0x04
  state[RATE + 1]! ^= 0x80
  keccakP(new Uint32Array(state.buffer))
  strobe.pos = 0
  strobe.begin = 0
}

function absorb(strobe: Strobe, data: Uint8Array): void {
  for (const byte of data) {
    strobe.state[strobe.pos++]! ^= byte
    if (strobe.pos === RATE) permute(strobe)
  }
}

/** Begins an operation; only the PRF needs the state permuted before it. */
function operation(strobe: Strobe, flags: number): void {
  const before = strobe.begin
  strobe.begin = strobe.pos + 1
  absorb(strobe, Uint8Array.of(before, flags))
  if ((flags & 4) !== 0 && strobe.pos !== 0) permute(strobe)
}

/** Merlin frames label and length in one metadata operation. */
function label(strobe: Strobe, name: string, length: number): void {
  operation(strobe, META | ASSOCIATED)
  absorb(strobe, utf8.encode(name))
  absorb(strobe, Uint8Array.of(length & 255, (length >>> 8) & 255, (length >>> 16) & 255, length >>> 24))
}

function append(strobe: Strobe, name: string, message: Uint8Array): void {
  label(strobe, name, message.length)
  operation(strobe, ASSOCIATED)
  absorb(strobe, message)
}

/** The transcript up to the message, which is the same for all. */
const start: Strobe = (() => {
  const state = new Uint8Array(200)
  state.set([1, RATE + 2, 1, 0, 1, 96])
  state.set(utf8.encode('STROBEv1.0.2'), 6)
  keccakP(new Uint32Array(state.buffer))
  const strobe = { state, pos: 0, begin: 0 }
  operation(strobe, META | ASSOCIATED)
  absorb(strobe, utf8.encode('Merlin v1.0'))
  append(strobe, 'dom-sep', utf8.encode('SigningContext'))
  append(strobe, '', utf8.encode('substrate'))
  return strobe
})()
const PROTOCOL = utf8.encode('Schnorr-sig')

/** 64 bytes, to be reduced modulo the group's order. */
export function signatureChallenge(message: Uint8Array, publicKey: Uint8Array, r: Uint8Array): Uint8Array {
  const strobe: Strobe = { state: start.state.slice(), pos: start.pos, begin: start.begin }
  append(strobe, 'sign-bytes', message)
  append(strobe, 'proto-name', PROTOCOL)
  append(strobe, 'sign:pk', publicKey)
  append(strobe, 'sign:R', r)
  label(strobe, 'sign:c', 64)
  operation(strobe, PRF)
  const challenge = new Uint8Array(64)
  for (let at = 0; at < challenge.length; at++) {
    challenge[at] = strobe.state[strobe.pos]!
    strobe.state[strobe.pos++] = 0
    if (strobe.pos === RATE) permute(strobe)
  }
  return challenge
}
