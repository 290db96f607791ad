import { DatasetError } from '../errors.ts'
import { createFernetSealer, decodeBase64url, openFernet, readFernetKey } from './fernet.ts'
import type { FernetKey, FernetSealer } from './fernet.ts'

/** The two keys of Data Universe: usernames with the public (shared) one, URLs with the private one. */
export type EncodingKeyName = 'public' | 'private'

/** Encrypts fields of a row so that the same value in the same hour always gives the same text. */
export interface FieldEncoding {
  /** @param seconds Unix time the token carries: the start of the row's hour, never the time of writing */
  encode(key: EncodingKeyName, plain: string | Uint8Array, seconds: number): string
  /** @throws DatasetError `BAD_TOKEN` */
  decode(key: EncodingKeyName, encoded: string): Uint8Array
}

const IV_DOMAIN = Buffer.from('sluice fernet iv v1\0')

/**
 * Fernet in the originals' double base64 (`base64url` of the token, `encoding_system.py`), which Python's
 * `cryptography` reads. The IV is not random but the head of an HMAC-SHA256 over the plaintext, so that equal rows
 * give equal files; see docs/decisions/072-deterministic-fernet.md for what that reveals.
 * @throws DatasetError `BAD_ENCODING_KEY`
 */
export function createFieldEncoding(keys: { readonly publicKey: string; readonly privateKey: string }): FieldEncoding {
  const byName: Record<EncodingKeyName, FernetKey> = {
    public: readFernetKey(keys.publicKey),
    private: readFernetKey(keys.privateKey),
  }
  const sealers: Record<EncodingKeyName, FernetSealer> = {
    public: createFernetSealer(byName.public),
    private: createFernetSealer(byName.private),
  }
  return {
    encode(name, plain, seconds) {
      const sealer = sealers[name]
      const bytes = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain
      const iv = sealer.hmac(IV_DOMAIN, bytes).subarray(0, 16)
      // Base64 of a token has neither "+" nor "/": no three of its characters make a group of six bits above 61.
      return sealer.seal(bytes, seconds, iv).toString('base64')
    },
    decode(name, encoded) {
      const token = decodeBase64url(encoded)
      if (!token) throw new DatasetError('BAD_TOKEN', 'an encoded field is base64url of a Fernet token')
      return openFernet(byName[name], token.toString('latin1')).plain
    },
  }
}
