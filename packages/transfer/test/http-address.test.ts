import { array, assert, constantFrom, property } from 'fast-check'
import { expect, test } from 'vitest'
import { createAddressReader } from '../src/node/http-address.ts'

/** Null when it is no URL. */
function orNull(read: (url: string) => object, url: string): object | null {
  try {
    return read(url)
  } catch (error) {
    if (error instanceof TypeError) return null
    throw error
  }
}
const parse = (url: string): object => {
  const { protocol, host, hostname, port, pathname, search } = new URL(url)
  return { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port, path: pathname + search }
}

test('a signed URL', () => {
  const url = 'http://127.0.0.1:8080/b/many/small-1.bin?X-Amz-Credential=A%2F20261121&partNumber=3'
  const path = '/b/many/small-1.bin?X-Amz-Credential=A%2F20261121&partNumber=3'
  expect(createAddressReader()(url)).toEqual({
    protocol: 'http:',
    host: '127.0.0.1:8080',
    hostname: '127.0.0.1',
    port: '8080',
    path,
  })
})
test.each([
  'http://[::1]:80/a',
  'https://[2001:db8::1]/a?b',
  'https://user:pass@host:443/a',
  'https://user:p%2Fss@host/a',
  'http://host',
  'http://host?q',
  'http://host/a?',
  'http://host/a??',
  'http://host:99999/a',
  'http:///host/a',
  'http:/host/a',
  'http:\\\\host\\a',
  'http://host\\@other/a',
  'http://ho\tst/a\nb',
  'HTTPS://HOST/A',
  'https://bücher.example/ä?ö',
  'http://host/a#b?c',
  'http://host/a/../b',
  'http://host/a/%2E%2e/b',
  'http://host/a/.%2E',
  'http://host/..?/../a',
  "http://host/it's?it's",
  'http://host/a b"<>`{}|^?a b"<>`{}|^',
  'http://host//other//a',
  'http://0x7f.1/a',
  ' http://host/a ',
  'ftp://host/a',
  'no URL',
])('%j is read as URL reads it', (url) => {
  expect(orNull(createAddressReader(), url)).toEqual(orNull(parse, url))
})
test('any URL is read as URL reads it, whatever was read before', () => {
  const read = createAddressReader()
  const origin = constantFrom('http://a', 'https://a', 'http://a:80', 'https://a:81', 'http://u@a', 'http://[::1]:9')
  const letter = constantFrom(...Array.from('/.%2eE?#&=:@\\\'" \tä~-_!$()*+,;abc[]{}|^`<>'))
  const text = array(letter, { maxLength: 12 }).map((letters) => letters.join(''))
  assert(
    property(origin, text, (start, rest) => {
      expect(orNull(read, start + rest)).toEqual(orNull(parse, start + rest))
    }),
    { numRuns: 5000 },
  )
})
