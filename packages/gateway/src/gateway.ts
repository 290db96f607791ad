import type { VerifySignature } from '@sluice/hotkey'
/** Puts the parts together into an app; everything outside is a parameter. */
import { createAdmission } from './admission.ts'
import { createApp } from './app.ts'
import type { App } from './http/refusal.ts'
import { createAuthenticator } from './authenticate.ts'
import { type AdapterName, adapterRoutes } from './compat/adapters.ts'
import { createCors } from './http/cors.ts'
import { createPublicUrls } from './http/public-url.ts'
import type { Route } from './http/route.ts'
import { createJanitor, type Janitor } from './janitor.ts'
import { defaultLimits, type Limits } from './limits.ts'
import type { Log } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import { objectRoutes, readRoutes } from './routes/object-routes.ts'
import { serviceRoutes } from './routes/service-routes.ts'
import { uploadRoutes } from './routes/upload-routes.ts'
import type { State } from './state/state.ts'
import type { ObjectStore } from './store/store.ts'
import type { Subnet } from './subnet.ts'
import { createUploads } from './uploads.ts'

export interface GatewayOptions {
  /** Under which clients reach it; the first is the main one. */
  readonly publicUrls: readonly string[]
  readonly subnet: Subnet
  readonly state: State
  readonly store: ObjectStore
  /** Told by some of the original APIs. */
  readonly place: { readonly bucket: string; readonly region: string }
  readonly verifySignature: VerifySignature
  readonly log: Log
  readonly limits?: Partial<Limits>
  /** Whom to admit as a writer; default `cohort`. */
  readonly admit?: 'cohort' | 'registered'
  /** Beside the permit, for validators; default 0, no floor. */
  readonly minValidatorStake?: number
  /** Origins of browser pages that may call; default none. */
  readonly corsOrigins?: readonly string[]
  /** Which of the original APIs to speak as well; default none. */
  readonly adapters?: readonly AdapterName[]
  readonly now?: () => number
}

export interface Gateway extends App {
  readonly janitor: Janitor
  readonly metrics: Metrics
  readonly routes: readonly Route[]
}

export function createGateway(options: GatewayOptions): Gateway {
  const { subnet, state, store, log, verifySignature, now = Date.now, adapters = [], publicUrls, place } = options
  const limits: Limits = { ...defaultLimits, ...options.limits }
  const metrics = createMetrics(() => {
    const age = subnet.ageMs()
    return age === null ? null : age / 1000
  })
  const { admit = 'cohort', minValidatorStake = 0 } = options
  const admission = createAdmission({ subnet, admit, minValidatorStake })
  const authenticator = createAuthenticator({ state, admission, limits, verifySignature, metrics })
  const uploads = createUploads({ admission, state, store, limits, log })
  const parts = { authenticator, admission, uploads, state, store, limits }
  const routes: Route[] = [
    ...uploadRoutes(parts),
    ...objectRoutes(parts),
    ...readRoutes(parts),
    ...serviceRoutes({ state, subnet, metrics, openApi: () => openApiDocument(routes, publicUrls) }),
    ...adapterRoutes(adapters, { ...parts, place }),
  ]
  const app = createApp({
    routes,
    authenticator,
    urls: createPublicUrls(publicUrls),
    cors: createCors(options.corsOrigins ?? []),
    limits,
    metrics,
    log,
    now,
  })
  const strayAfterSeconds = limits.uploadSeconds + 3600
  const janitor = createJanitor({ state, store, uploads, log, metrics, strayAfterSeconds, now })
  return { ...app, janitor, metrics, routes }
}
