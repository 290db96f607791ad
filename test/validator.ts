import { hotkeyFromUri } from '@sluice/chain'
import { createValidator } from '@sluice/validator'
import type { TestSubnet } from './subnet.ts'

/** Verdicts on a list of URIs, in its order. */
export interface Verdicts {
  readonly combined: readonly string[]
  readonly s3: readonly string[]
  readonly huggingface: readonly string[]
}

/** A validator that is told nothing but chain endpoint, netuid and how S3 is read. */
export async function openValidator({
  devnet,
  access,
}: TestSubnet): Promise<AsyncDisposable & { verdicts(hotkey: string, uris: readonly string[]): Promise<Verdicts> }> {
  const { accessKeyId, secretAccessKey, url } = devnet.s3
  const direct = { s3Credentials: { accessKeyId, secretAccessKey }, s3Endpoint: url }
  const validator = await createValidator({
    netuid: devnet.chain.netuid,
    endpoints: [devnet.chain.url],
    ...(access === 'gateway'
      ? { hotkey: await hotkeyFromUri('//Bob//hot'), trust: { allowPrivateEndpoints: true } }
      : direct),
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
