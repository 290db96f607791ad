import { expect, test } from 'vitest'
import { s3CodeOf, s3Failure } from '../src/index.ts'
import { sdkFailure } from '../src/node/index.ts'

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
