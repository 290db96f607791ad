import { retryAfterOf, TransferError, type TransferErrorCode } from '@sluice/transfer'
import type { GatewayErrorCode } from '../errors.ts'
import { errorReply } from '../schemas.ts'

type Meaning = readonly [code: TransferErrorCode, retryable: boolean, advice: string]

const refused: Meaning = ['FORBIDDEN', false, 'The gateway does not let this hotkey do it.']
const busy: Meaning = ['UNAVAILABLE', true, 'The gateway cannot work now; try again.']

const nowhere: Meaning = ['NOT_FOUND', false, 'Check the address of the gateway.']
const conflict: Meaning = ['CONFLICT', true, 'Somebody else wrote at the same time; try again.']
const tooLarge: Meaning = ['TOO_LARGE', false, 'The gateway does not take so many bytes.']
const tooMany: Meaning = ['THROTTLED', true, 'The gateway asks for fewer requests.']
const unknown: Meaning = ['UNAUTHORIZED', false, 'Check hotkey and address of the gateway.']

const byCode: Readonly<Record<GatewayErrorCode, Meaning>> = {
  BAD_SIGNATURE: unknown,
  EXPIRED: ['CLOCK_SKEW', true, 'The signed request was too old when it arrived; check the clock of this machine.'],
  REPLAYED: ['UNAUTHORIZED', true, 'The request was seen before; it is signed anew.'],
  NOT_REGISTERED: ['FORBIDDEN', false, 'The hotkey is not registered in this subnet.'],
  NOT_IN_COHORT: ['FORBIDDEN', false, 'The subnet owner has not moved this hotkey to S3 yet.'],
  EXCLUDED: refused,
  NO_PERMIT: refused,
  NO_SUCH_UPLOAD: ['NO_SUCH_UPLOAD', false, 'The upload was completed or aborted; start it again.'],
  NO_SUCH_KEY: ['NO_SUCH_KEY', false, 'There is no such object.'],
  NO_SUCH_ROUTE: nowhere,
  CONFLICT: conflict,
  TOO_LARGE: tooLarge,
  BAD_REQUEST: ['PROTOCOL', false, 'The gateway did not understand; are both of the same version?'],
  TOO_MANY: tooMany,
  CHAIN_STALE: busy,
  STORE_UNAVAILABLE: busy,
  INTERNAL: busy,
}

/** For answers that are not the gateway's own, as of a proxy before it, and for codes of a newer one. */
const byStatus: Readonly<Record<number, Meaning>> = {
  401: unknown,
  403: refused,
  404: nowhere,
  408: busy,
  409: conflict,
  413: tooLarge,
  429: tooMany,
}

/** What a failed reply of the gateway means. Its message is shown, cut and without control characters. */
export function gatewayError(
  what: string,
  status: number,
  body: unknown,
  retryAfter: string | null,
  now: number,
): TransferError {
  const parsed = errorReply.safeParse(body)
  const told = parsed.success ? parsed.data.error : null
  const known = told !== null && Object.hasOwn(byCode, told.code) ? byCode[told.code as GatewayErrorCode] : undefined
  const fallback: Meaning = status >= 500 ? busy : ['PROTOCOL', false, 'The gateway answered something unexpected.']
  const [code, retryable, advice] = known ?? byStatus[status] ?? fallback
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  const message = told === null ? '' : told.message.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 200)
  const label = told === null ? `HTTP ${status}` : `HTTP ${status}, ${told.code}${message === '' ? '' : `: ${message}`}`
  return new TransferError(code, `Cannot ${what} (${label}). ${advice}`, {
    retryable,
    retryAfterMs:
      told?.retry_after === undefined
        ? retryAfterOf(retryAfter ?? undefined, now)
        : Math.min(told.retry_after, 3600) * 1000,
  })
}
