import { TransferError, type TransferErrorCode } from './errors.ts'
import { errorReply } from './http-wire.ts'
import { retryAfterOf } from './sessions/s3-errors.ts'

type Meaning = readonly [code: TransferErrorCode, retryable: boolean, advice: string]

const refused: Meaning = ['FORBIDDEN', false, 'The gateway does not let this hotkey do it.']
const busy: Meaning = ['UNAVAILABLE', true, 'The gateway cannot work now; try again.']

const byCode: Readonly<Record<string, Meaning>> = {
  BAD_SIGNATURE: ['UNAUTHORIZED', false, 'Check hotkey and address of the gateway.'],
  EXPIRED: ['CLOCK_SKEW', true, 'The signed request was too old when it arrived; check the clock of this machine.'],
  REPLAYED: ['UNAUTHORIZED', true, 'The request was seen before; it is signed anew.'],
  NOT_REGISTERED: ['FORBIDDEN', false, 'The hotkey is not registered in this subnet.'],
  NOT_IN_COHORT: ['FORBIDDEN', false, 'The subnet owner has not moved this hotkey to S3 yet.'],
  EXCLUDED: refused,
  NO_PERMIT: refused,
  NO_SUCH_UPLOAD: ['NO_SUCH_UPLOAD', false, 'The upload was completed or aborted; start it again.'],
  NO_SUCH_KEY: ['NO_SUCH_KEY', false, 'There is no such object.'],
  INVALID_PART: ['INVALID_PART', true, 'A part is missing or not what was sent.'],
  CONFLICT: ['CONFLICT', true, 'Somebody else wrote at the same time; try again.'],
  TOO_LARGE: ['TOO_LARGE', false, 'The gateway does not take so many bytes.'],
  BAD_REQUEST: ['PROTOCOL', false, 'The gateway did not understand; are both of the same version?'],
  TOO_MANY: ['THROTTLED', true, 'The gateway asks for fewer requests.'],
  CHAIN_STALE: busy,
  STORE_UNAVAILABLE: busy,
}

const byStatus: Readonly<Record<number, Meaning>> = {
  401: ['UNAUTHORIZED', false, 'Check hotkey and address of the gateway.'],
  403: refused,
  404: ['NOT_FOUND', false, 'Check the address of the gateway.'],
  408: busy,
  409: ['CONFLICT', true, 'Somebody else wrote at the same time; try again.'],
  413: ['TOO_LARGE', false, 'The gateway does not take so many bytes.'],
  429: ['THROTTLED', true, 'The gateway asks for fewer requests.'],
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
  const known = told !== null && Object.hasOwn(byCode, told.code) ? byCode[told.code] : undefined
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
