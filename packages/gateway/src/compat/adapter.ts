import type { Admission } from '../admission.ts'
import type { Authenticator } from '../authenticate.ts'
import type { Exchange, Route } from '../http/route.ts'
import type { Limits } from '../limits.ts'
import type { ObjectStore } from '../store/store.ts'
import type { Uploads } from '../uploads.ts'

/** What an adapter works with: the same parts as the native routes, so the same rules hold. */
export interface AdapterParts {
  readonly authenticator: Authenticator
  readonly admission: Admission
  readonly uploads: Uploads
  readonly store: ObjectStore
  readonly limits: Limits
  /** The bucket's name and region, which some replies tell. */
  readonly place: { readonly bucket: string; readonly region: string }
}

/** Two originals may share a path; then this says whose request it is. */
export interface AdapterRoute extends Route {
  readonly claims?: (exchange: Exchange) => boolean
}
