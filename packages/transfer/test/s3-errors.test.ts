import { ProxyError } from '@sluice/http'
import { expect, test } from 'vitest'
import { s3CodeOf, s3Failure } from '../src/sessions/s3-errors.ts'
import { sdkFailure } from '../src/s3/call.ts'

test.each([
  ['<Error><Code>SlowDown</Code></Error>', 'SlowDown'],
  [
    '<?xml version="1.0"?><Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\n<Code> NoSuchBucket </Code></Error>',
    'NoSuchBucket',
  ],
  ['<ErrorPage><Code>SlowDown</Code></ErrorPage>', null],
  ['<html>hotel wifi</html>', null],
])('the code of %s', (text, code) => expect(s3CodeOf(text)).toBe(code))

test.each<[number | null, string | null, string, boolean]>([
  [503, 'SlowDown', 'THROTTLED', true],
  [503, null, 'THROTTLED', true],
  [500, 'SomethingNew', 'UNAVAILABLE', true],
  [403, 'AccessDenied', 'FORBIDDEN', false],
  [404, 'NoSuchKey', 'NO_SUCH_KEY', false],
  [404, 'constructor', 'NOT_FOUND', false],
  [418, null, 'PROTOCOL', false],
  [200, null, 'PROTOCOL', true],
  [null, 'ECONNRESET', 'UNAVAILABLE', true],
  [null, 'TimeoutError', 'UNAVAILABLE', true],
  [null, 'CERT_HAS_EXPIRED', 'PROTOCOL', true],
  [null, null, 'PROTOCOL', true],
])('HTTP %s with %s is %s', (status, s3Code, code, retryable) => {
  expect(s3Failure('put k', status, s3Code)).toMatchObject({ code, retryable })
})

test('what the SDK throws is named, without its text', () => {
  const broken = Object.assign(new TypeError('Invalid character in header content ["secret"]'), {
    code: 'ERR_INVALID_CHAR',
  })
  expect(sdkFailure('put k', broken)).toMatchObject({ code: 'PROTOCOL', cause: broken })
  expect(sdkFailure('put k', broken).message).toMatch(/^Cannot put k \(ERR_INVALID_CHAR\)/)
  expect(sdkFailure('put k', new TypeError('secret')).message).toMatch(/^Cannot put k \(TypeError\)/)
  expect(sdkFailure('put k', 'no error at all')).toMatchObject({ code: 'PROTOCOL' })
})

test('a redirect to elsewhere is named, without what else its address holds', () => {
  const location = 'https://b.s3.eu-north-1.example.org/k?X-Amz-Signature=secret'
  const error = s3Failure('put k', 301, 'PermanentRedirect', { location })
  expect(error).toMatchObject({ code: 'PROTOCOL', retryable: false })
  expect(error.message).toContain('(HTTP 301, PermanentRedirect, to https://b.s3.eu-north-1.example.org)')
  expect(error.message).not.toContain('secret')
  expect(s3Failure('put k', 307, null, { location: '/k' }).message).toContain('(HTTP 307)')
  expect(s3Failure('put k', 503, null, { location }).message).not.toContain('example.org')
})

test('a fault of TLS or of a proxy is one try, and says what to do', () => {
  const certificate = Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
  const error = sdkFailure('put k', certificate)
  expect(error).toMatchObject({ code: 'TLS', retryable: false, cause: certificate })
  expect(error.message).toMatch(/^Cannot put k\. .*NODE_EXTRA_CA_CERTS/)
  const proxy = new ProxyError('PROXY_LOGIN', 'The proxy http://p.example:8080 refuses.', { retryable: false })
  expect(sdkFailure('put k', proxy)).toMatchObject({ code: 'PROXY', retryable: false })
})
