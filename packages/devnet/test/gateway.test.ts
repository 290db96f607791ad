import { hotkeyFromUri, openChain, publishPolicy } from '@sluice/chain'
import { createPolicy } from '@sluice/rollout'
import { createSigner } from '@sluice/signing'
import { expect, test } from 'vitest'
import { startDevnet } from '../src/index.ts'

test('a devnet’s gateway is the auth endpoint that its policy names', async () => {
  await using devnet = await startDevnet({ miners: 2, blockTimeMs: 0, gateway: true })
  const { chain, gateway, bucket, miners, s3 } = devnet
  const url = gateway?.url ?? ''
  const put = async (uri: string, body: Uint8Array): Promise<number> => {
    const ask = new TextEncoder().encode(JSON.stringify({ key: 'files/a', bytes: body.length }))
    const target = `${url}/uploads/url`
    const headers = await createSigner({ hotkey: await hotkeyFromUri(uri) }).authorize({
      method: 'POST',
      url: target,
      body: ask,
    })
    const reply = await fetch(target, { method: 'POST', headers, body: ask })
    if (reply.status !== 200) return reply.status
    const signed = (await reply.json()) as { url: string }
    expect(signed.url).toContain(`${s3.url}/${bucket}/data/hotkey%3D`)
    return (await fetch(signed.url, { method: 'PUT', body })).status
  }
  const body = Uint8Array.of(1, 2, 3)
  const [first, second] = miners
  expect(await put(first!.uri, body)).toBe(403)

  await using connection = openChain({ endpoints: [chain.url] })
  const policy = createPolicy({
    useS3: true,
    useHuggingFace: true,
    s3: { bucketName: bucket, authEndpoint: url, region: s3.region, endpoint: s3.url },
    include: [first!.hotkey],
  })
  await publishPolicy(connection, { netuid: chain.netuid, hotkey: await hotkeyFromUri(chain.owner.hotkeyUri), policy })
  await gateway?.refresh()
  expect([await put(first!.uri, body), await put(second!.uri, body), await put('//Stranger', body)]).toEqual([
    200, 403, 403,
  ])
})
