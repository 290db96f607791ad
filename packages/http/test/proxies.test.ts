import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Destination, proxiesFrom } from '../src/index.ts'

const to = (url: string): Destination => {
  const { protocol, hostname, port } = new URL(url)
  const isSecure = protocol === 'https:' || protocol === 'wss:'
  return {
    isSecure,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
  }
}
const chosen = (environment: Record<string, string>, url: string): string | null =>
  proxiesFrom(environment)(to(url))?.name ?? null

describe('which proxy', () => {
  const secure = { https_proxy: 'http://s.example:1' }
  const plain = { http_proxy: 'http://p.example:2' }
  const all = { all_proxy: 'http://a.example:3' }
  test.each([
    [{}, 'https://x.org', null],
    [secure, 'https://x.org', 'http://s.example:1'],
    [secure, 'wss://x.org', 'http://s.example:1'],
    [secure, 'http://x.org', null],
    [plain, 'http://x.org', 'http://p.example:2'],
    [plain, 'ws://x.org:9944', 'http://p.example:2'],
    [plain, 'https://x.org', null],
    [all, 'https://x.org', 'http://a.example:3'],
    [all, 'http://x.org', 'http://a.example:3'],
    [{ ...all, ...secure }, 'https://x.org', 'http://s.example:1'],
    [{ HTTPS_PROXY: 'u.example' }, 'https://x.org', 'http://u.example:80'],
    [{ HTTPS_PROXY: 'u.example:8', https_proxy: 'l.example:9' }, 'https://x.org', 'http://l.example:9'],
    [{ HTTPS_PROXY: 'u.example:8', https_proxy: ' ' }, 'https://x.org', 'http://u.example:8'],
    [{ https_proxy: 'https://t.example' }, 'https://x.org', 'https://t.example:443'],
    [{ https_proxy: 'http://[2001:db8::1]:8080' }, 'https://x.org', 'http://[2001:db8::1]:8080'],
  ])('%j %s', (environment, url, name) => {
    expect(chosen(environment as Record<string, string>, url)).toBe(name)
  })
  test('user and password are sent, and not shown', () => {
    const proxy = proxiesFrom({ https_proxy: 'http://me%40home:se%3Acret%25@p.example:1' })(to('https://x.org'))
    expect(proxy?.name).toBe('http://p.example:1')
    expect(proxy?.authorization).toBe(`Basic ${Buffer.from('me@home:se:cret%').toString('base64')}`)
    expect(proxiesFrom({ https_proxy: 'http://p.example:1' })(to('https://x.org'))?.authorization).toBeNull()
    expect(proxiesFrom({ https_proxy: 'http://u:100%@p.example:1' })(to('https://x.org'))?.authorization).toBe(
      `Basic ${Buffer.from('u:100%').toString('base64')}`,
    )
  })
  test.each(['socks5://u:secret@p.example:1', 'http://', 'http://u:secret@:8', 'http://p.example:99999', '::'])(
    '%s is none, and the message names the variable only',
    (value) => {
      const wrong = (): unknown => proxiesFrom({ HTTPS_PROXY: value })
      expect(wrong).toThrow(
        expect.objectContaining({ code: 'BAD_PROXY', message: expect.stringMatching(/^HTTPS_PROXY /) }),
      )
      expect(wrong).not.toThrow(/secret/)
    },
  )
})

describe('NO_PROXY', () => {
  const isDirect = (list: string, url: string): boolean => chosen({ all_proxy: 'p:1', NO_PROXY: list }, url) === null
  test.each([
    ['*', 'https://anything.org', true],
    ['example.org', 'https://example.org', true],
    ['example.org', 'https://a.b.example.org', true],
    ['example.org', 'https://notexample.org', false],
    ['.example.org', 'https://example.org', true],
    ['*.example.org', 'https://a.example.org', true],
    ['EXAMPLE.org.', 'https://Example.ORG', true],
    ['example.org', 'https://example.org.', true],
    ['example.org:8443', 'https://example.org:8443', true],
    ['example.org:8443', 'https://example.org', false],
    ['example.org:443', 'https://example.org', true],
    [' a.org , b.org\tc.org', 'https://b.org', true],
    [' a.org , b.org\tc.org', 'https://c.org', true],
    ['', 'https://example.org', false],
    [',,', 'https://example.org', false],
    ['127.0.0.1', 'http://127.0.0.1:9000', true],
    ['127.0.0.1:9001', 'http://127.0.0.1:9000', false],
    ['127.0.0.1:9000', 'http://127.0.0.1:9000', true],
    ['localhost', 'http://127.0.0.1', false],
    ['10.0.0.0/8', 'http://10.200.3.4', true],
    ['10.0.0.0/8', 'http://11.0.0.1', false],
    ['10.0.0.0/33', 'http://10.0.0.1', false],
    ['::1', 'http://[::1]:80', true],
    ['[::1]', 'http://[0:0:0:0:0:0:0:1]', true],
    ['[::1]:81', 'http://[::1]:80', false],
    ['[::1]:81', 'http://[::1]:81', true],
    ['fd00::/8', 'http://[fd12::1]', true],
    ['fd00::/8', 'http://[fe80::1]', false],
    ['0.0.0.1', 'http://1', true],
  ])('%j and %s', (list, url, direct) => {
    expect(isDirect(list, url)).toBe(direct)
  })
  test('loopback is no exception', () => {
    for (const url of ['http://127.0.0.1', 'http://localhost', 'http://[::1]']) expect(isDirect('', url)).toBe(false)
  })
  test('any text is a list', () => {
    fc.assert(fc.property(fc.string(), (list) => void isDirect(list, 'https://example.org')))
    expect(isDirect('x'.repeat(100_000), 'https://example.org')).toBe(false)
  })
})
