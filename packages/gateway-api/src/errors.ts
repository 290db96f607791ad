/** Every way the gateway answers "no", with the status that goes with it. */
const statuses = {
  BAD_SIGNATURE: 401, // unsigned, malformed, or not signed by this hotkey over this request
  EXPIRED: 401, // signed outside the time window; the Date header tells the server's clock
  REPLAYED: 401, // this signed request was already accepted
  NOT_REGISTERED: 403, // the hotkey has no UID in the subnet
  NOT_IN_COHORT: 403, // the policy does not send this hotkey to S3
  EXCLUDED: 403, // the policy excludes this hotkey by name
  NO_PERMIT: 403, // only validators may do this
  NO_SUCH_UPLOAD: 404, // no such upload of this hotkey
  NO_SUCH_KEY: 404, // no such object of this hotkey
  NO_SUCH_ROUTE: 404,
  CONFLICT: 409, // the upload is not what the request says
  TOO_LARGE: 413, // body, object or part count
  BAD_REQUEST: 422, // the body does not fit the schema
  TOO_MANY: 429, // rate, or open uploads
  CHAIN_STALE: 503, // the chain was not read for too long, so no new writes
  STORE_UNAVAILABLE: 503, // the object store or the shared state does not answer
  INTERNAL: 500,
} as const

export type GatewayErrorCode = keyof typeof statuses

/** The HTTP status of a refusal. */
export function statusOf(code: GatewayErrorCode): number {
  return statuses[code]
}
