import { z } from 'zod'

import { type Exchange, readJson, sendJson } from './exchange.ts'
import type { Repository } from './repositories.ts'

const requestShape = z.object({
  files: z.array(z.object({ path: z.string(), size: z.int().nonnegative(), sample: z.string() })).max(1000),
  gitAttributes: z.string().nullish(),
})

/** Endings that the real hub's default `.gitattributes` keeps in LFS (those that a miner may meet). */
const LFS_ENDINGS =
  /\.(7z|arrow|bin|bz2|ckpt|gz|h5|joblib|mp4|npy|npz|onnx|ot|parquet|pb|pickle|pkl|pt|pth|safetensors|tar|tgz|webm|xz|zip|zst)$/i

/** `POST /api/{repo}/preupload/main`: which files are too large or of the wrong kind for git itself. */
export async function preupload(exchange: Exchange, repository: Repository, regularBytes: number): Promise<void> {
  const { files } = await readJson(exchange, requestShape)
  sendJson(exchange, {
    files: files.map(({ path, size }) => {
      const known = repository.files.get(path)
      const uploadMode = LFS_ENDINGS.test(path) || size > regularBytes ? 'lfs' : 'regular'
      // The Python client insists on `shouldIgnore` and skips a file whose `oid` is already the one it has.
      return { path, uploadMode, shouldIgnore: false, ...(known ? { oid: known.lfs?.oid ?? known.oid } : {}) }
    }),
  })
}
