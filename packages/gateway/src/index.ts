export { GatewayError, type GatewayErrorCode } from './errors.ts'
