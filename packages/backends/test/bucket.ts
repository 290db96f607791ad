import { type BucketBackendOptions, createBucketBackend } from '../src/bucket/backend.ts'
import { createDirectAccess, type DirectAccessOptions } from '../src/bucket/direct-access.ts'
import { createGatewayAccess, type GatewayAccessOptions } from '../src/bucket/gateway-access.ts'
import type { StorageBackend } from '../src/port/storage-backend.ts'

export type DirectOptions = DirectAccessOptions & BucketBackendOptions
export type GatewayOptions = GatewayAccessOptions & BucketBackendOptions

export const directBackend = (options: DirectOptions): StorageBackend =>
  createBucketBackend(createDirectAccess(options), options)

export const gatewayBackend = (options: GatewayOptions): StorageBackend =>
  createBucketBackend(createGatewayAccess(options), options)
