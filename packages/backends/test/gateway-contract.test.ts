import { describeBackend } from '../src/port/contract.ts'
import { openGatewayScene } from './gateway-scene.ts'
import { gatewayBackend } from './bucket.ts'

describeBackend('s3 through the gateway', async () => {
  const scene = await openGatewayScene()
  return { backend: gatewayBackend(await scene.options(0)), close: () => scene.close() }
})
