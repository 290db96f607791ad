import type { PayloadBinding } from '../sign/authorize.ts'
import type { S3Request } from './request.ts'
import type { Store } from '../store/store.ts'

/** Everything a handler gets: an authorized request, the store and the clock. */
export interface Call {
  readonly request: S3Request
  readonly binding: PayloadBinding
  readonly store: Store
  readonly region: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}
