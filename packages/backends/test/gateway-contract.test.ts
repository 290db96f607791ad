import { createGatewayBackend } from '../src/bucket/backend.ts'
import { describeBackend } from '../src/port/contract.ts'
import { openGatewayScene } from './gateway-scene.ts'

describeBackend('s3 through the gateway', async () => {
  const scene = await openGatewayScene()
  return { backend: createGatewayBackend(await scene.options(0)), close: () => scene.close() }
})
