import { describe, expect, test } from 'vitest'
import { connectionFault, faultCode, ProxyError } from '../src/index.ts'

const coded = (code: unknown, cause?: unknown): Error =>
  Object.assign(new Error('x'), { code }, cause === undefined ? {} : { cause })

describe('what a connection error means', () => {
  test.each([
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ])('%s is one of TLS, for good, and names the variable', (code) => {
    for (const error of [coded(code), new TypeError('fetch failed', { cause: coded(code) })]) {
      const fault = connectionFault(error)
      expect(fault).toMatchObject({ kind: 'tls', retryable: false })
      expect(fault.text).toContain(code)
      expect(fault.text).toContain('NODE_EXTRA_CA_CERTS')
    }
  })
  test('EPROTO is one of TLS when its words say so', () => {
    const error = (message: string): Error => Object.assign(new Error(message), { code: 'EPROTO' })
    const words = 'write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl3_record.c:354:'
    expect(connectionFault(error(words))).toMatchObject({ kind: 'tls', retryable: false })
    expect(connectionFault(error('write EPROTO'))).toMatchObject({ kind: 'network', retryable: true })
  })
  test.each(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])('%s is the end of a connection', (code) => {
    expect(connectionFault(coded(code))).toMatchObject({ kind: 'closed', retryable: true })
  })
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC', 'HPE_INVALID_CONSTANT'])(
    '%s may pass',
    (code) => {
      const fault = connectionFault(coded(code))
      expect(fault).toMatchObject({ kind: 'network', retryable: true })
      expect(fault.text).toContain(code)
    },
  )
  test('a proxy says itself what is wrong', () => {
    const error = new ProxyError('PROXY_LOGIN', 'The proxy …', { retryable: false, cause: coded('ECONNRESET') })
    expect(connectionFault(new TypeError('fetch failed', { cause: error }))).toEqual({
      kind: 'proxy',
      retryable: false,
      text: 'The proxy …',
    })
  })
  test('several attempts, rings of causes, and things that are no error', () => {
    expect(faultCode(new AggregateError([coded('EHOSTUNREACH'), coded('ECONNREFUSED')]))).toBe('EHOSTUNREACH')
    const ring = coded('EPIPE') as Error & { cause: unknown }
    ring.cause = ring
    expect(connectionFault(ring).kind).toBe('closed')
    expect(connectionFault(null)).toMatchObject({ kind: 'network', text: expect.stringMatching(/no reason given/) })
    expect(faultCode(coded('https://secret/ path'))).toBeNull()
  })
})
