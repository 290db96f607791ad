import { sr25519Verify, waitReady } from '@polkadot/wasm-crypto'
import type { VerifySignature } from './sr25519.ts'

/**
 * The verifier of schnorrkel itself, compiled to WebAssembly: several times faster than the one in JavaScript, with the
 * same answers.
 * @throws Error when the engine has no WebAssembly
 */
export async function loadVerifier(): Promise<VerifySignature> {
  if (!(await waitReady())) throw new Error('sr25519 cannot be verified here: WebAssembly is missing or switched off')
  return (message, signature, publicKey) => {
    if (signature.length !== 64 || publicKey.length !== 32) return false
    // Everybody could sign for the identity; schnorrkel takes it for a key like any other.
    if (publicKey.every((byte) => byte === 0)) return false
    return sr25519Verify(signature, message, publicKey)
  }
}
