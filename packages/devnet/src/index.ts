export { type Devnet, type DevnetOptions, startDevnet } from './devnet.ts'
export type { DevMiner, DevnetS3 } from './devnet-parts.ts'
export { type DevGateway, type DevGatewayOptions, startDevGateway } from './gateway.ts'
export type { OutsideS3 } from './make-bucket.ts'
