import { z } from 'zod'
import { type Credentials, MAX_SKEW_MS, readCredential, sameSignature } from './authorize.ts'
import { S3Error } from '../http/error.ts'
import { hmac, parseAmzDate, signingKey } from './signature.ts'

const condition = z.union([
  z.tuple([z.string(), z.string(), z.string()]),
  z.tuple([z.literal('content-length-range'), z.coerce.number().int(), z.coerce.number().int()]),
  z.record(z.string(), z.string()),
])
const document = z.object({ expiration: z.string(), conditions: z.array(condition) })

/** Form fields that need no condition of their own. */
const FREE_FIELDS = new Set(['file', 'policy', 'x-amz-signature'])

/** Sizes a verified policy allows, in bytes, both ends included. */
export interface SizeLimits {
  readonly min: number
  readonly max: number
}

/**
 * Verifies signature, expiry and conditions of a POST policy against the form's fields (lower-case names, without
 * the file). Every field must be covered by a condition. Source: AWS S3 API reference, "POST policy".
 * @throws S3Error `AccessDenied`, `InvalidPolicyDocument`, `InvalidAccessKeyId`, `SignatureDoesNotMatch`,
 * `RequestTimeTooSkewed`
 */
export function verifyPolicy(
  fields: ReadonlyMap<string, string>,
  bucket: string,
  credentials: Credentials,
  now: number,
): SizeLimits {
  const policy = fields.get('policy')
  if (policy === undefined) throw denied('The form has no policy; anonymous access is off.')
  verifySignature(fields, policy, credentials, now)
  const { expiration, conditions } = readDocument(policy)
  const end = Date.parse(expiration)
  if (Number.isNaN(end)) throw new S3Error('InvalidPolicyDocument', 'The expiration of the policy is not a date.')
  if (now > end) throw denied('The policy has expired.')
  return checkConditions(conditions, new Map([...fields, ['bucket', bucket]]), new Set(['bucket']))
}

function verifySignature(
  fields: ReadonlyMap<string, string>,
  policy: string,
  credentials: Credentials,
  now: number,
): void {
  if (fields.get('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') throw denied('x-amz-algorithm must be AWS4-HMAC-SHA256.')
  const { accessKeyId, scope } = readCredential(fields.get('x-amz-credential') ?? '')
  const date = fields.get('x-amz-date') ?? ''
  const time = parseAmzDate(date)
  if (Number.isNaN(time) || date.slice(0, 8) !== scope.day) throw denied('x-amz-date is missing or not of the scope.')
  if (time - now > MAX_SKEW_MS) throw new S3Error('RequestTimeTooSkewed', 'The policy was signed in the future.')
  if (accessKeyId !== credentials.accessKeyId)
    throw new S3Error('InvalidAccessKeyId', 'The access key id is not known here.')
  const expected = hmac(signingKey(credentials.secretAccessKey, scope), policy)
  if (!sameSignature(expected, fields.get('x-amz-signature') ?? '')) {
    throw new S3Error('SignatureDoesNotMatch', 'The signature of the policy does not match.')
  }
}

function readDocument(policy: string): z.infer<typeof document> {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(policy, 'base64').toString('utf8'))
  } catch {
    throw new S3Error('InvalidPolicyDocument', 'The policy is not base64 of JSON.')
  }
  const parsed = document.safeParse(json)
  if (!parsed.success)
    throw new S3Error('InvalidPolicyDocument', 'The policy has no expiration or a malformed condition.')
  return parsed.data
}

function checkConditions(
  conditions: z.infer<typeof document>['conditions'],
  fields: ReadonlyMap<string, string>,
  covered: Set<string>,
): SizeLimits {
  let limits: SizeLimits = { min: 0, max: Number.POSITIVE_INFINITY }
  for (const entry of conditions) {
    if (!Array.isArray(entry)) {
      for (const [name, value] of Object.entries(entry)) requireField(fields, covered, 'eq', name, value)
      continue
    }
    const [operator, first, second] = entry
    if (typeof first === 'number' || typeof second === 'number' || operator === 'content-length-range') {
      limits = { min: Math.max(limits.min, Number(first)), max: Math.min(limits.max, Number(second)) }
      continue
    }
    if (!first.startsWith('$')) throw new S3Error('InvalidPolicyDocument', 'A condition must name a $field.')
    requireField(fields, covered, operator.toLowerCase(), first.slice(1), second)
  }
  for (const name of fields.keys()) {
    if (!covered.has(name) && !FREE_FIELDS.has(name) && !name.startsWith('x-ignore-')) {
      throw denied(`The form field ${name} is not covered by the policy.`)
    }
  }
  return limits
}

function requireField(
  fields: ReadonlyMap<string, string>,
  covered: Set<string>,
  operator: string,
  field: string,
  expected: string,
): void {
  const name = field.toLowerCase()
  covered.add(name)
  const value = fields.get(name) ?? ''
  if (operator !== 'eq' && operator !== 'starts-with') {
    throw new S3Error('InvalidPolicyDocument', `The policy operator ${operator} is unknown.`)
  }
  const holds = operator === 'eq' ? value === expected : value.startsWith(expected)
  if (!holds) throw denied(`The form field ${name} does not satisfy the policy.`)
}

function denied(message: string): S3Error {
  return new S3Error('AccessDenied', message)
}
