import { expect, test } from 'vitest'
import { createPresign } from '../src/node/presign.ts'

test("AWS's own example of a presigned GET", () => {
  // "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", the example of test.txt.
  const presign = createPresign({
    base: 'https://examplebucket.s3.amazonaws.com',
    region: 'us-east-1',
    credentials: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
    now: () => Date.parse('2013-05-24T00:00:00Z'),
  })
  const { url, expiresAt } = presign({
    method: 'GET',
    key: 'test.txt',
    query: {},
    headers: {},
    expiresInSeconds: 86_400,
  })
  expect(new URL(url).searchParams.get('X-Amz-Signature')).toBe(
    'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  )
  expect(expiresAt).toBe(Date.parse('2013-05-25T00:00:00Z'))
})
