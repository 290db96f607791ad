export { GatewayError, type GatewayErrorCode } from './errors.ts'
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts'
