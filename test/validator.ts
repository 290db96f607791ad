import { createValidator } from '@sluice/validator'
import type { TestSubnet } from './subnet.ts'

/** Verdicts on a list of URIs, in its order. */
export interface Verdicts {
  readonly combined: readonly string[]
  readonly s3: readonly string[]
  readonly huggingface: readonly string[]
}

/** A validator that is told nothing but chain endpoint, netuid and read access. */
export async function openValidator({
  devnet,
}: TestSubnet): Promise<AsyncDisposable & { verdicts(hotkey: string, uris: readonly string[]): Promise<Verdicts> }> {
  const validator = await createValidator({
    netuid: devnet.chain.netuid,
    endpoints: [devnet.chain.url],
    s3Credentials: { accessKeyId: devnet.s3.accessKeyId, secretAccessKey: devnet.s3.secretAccessKey },
    s3Endpoint: devnet.s3.url,
    hubUrl: devnet.hub.url,
  })
  return {
    async verdicts(hotkey, uris) {
      const report = await validator.validateMinerData(
        hotkey,
        uris.map((uri) => ({ uri, source: 'x' })),
      )
      return {
        combined: report.verdicts.map(({ verdict }) => verdict),
        s3: report.verdicts.map(({ s3 }) => s3.verdict),
        huggingface: report.verdicts.map(({ huggingface }) => huggingface.verdict),
      }
    },
    [Symbol.asyncDispose]: () => validator.close(),
  }
}
