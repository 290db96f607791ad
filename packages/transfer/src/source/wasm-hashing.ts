import { createCRC32, createMD5, createSHA256, type IHasher } from 'hash-wasm'
import { joinCrc32 } from './crc32.ts'
import type { Hashing, RunningHash } from './hashing.ts'

/** Hash functions as WebAssembly, for browsers: those of WebCrypto cannot be fed piece by piece. */
export async function createWasmHashing(): Promise<Hashing> {
  const [crc, sha256, md5] = await Promise.all([createCRC32(), createSHA256(), createMD5()])
  return {
    crc32: (bytes, seed = 0) => {
      const own = Number.parseInt(crc.init().update(bytes).digest('hex'), 16)
      return seed === 0 ? own : joinCrc32(seed, own, bytes.length)
    },
    sha256: () => running(sha256),
    sha256Of: (bytes) => sha256.init().update(bytes).digest('hex'),
    md5: () => running(md5),
  }
}

/** Many hashes take turns in one instance, since making another one is asynchronous. */
function running(hasher: IHasher): RunningHash {
  let state = hasher.init().save()
  return {
    update: (bytes) => void (state = hasher.load(state).update(bytes).save()),
    hex: () => hasher.load(state).digest('hex'),
  }
}
