/** What curl reads with `-K` to send many files at once, each to a URL that is signed already. */
export function curlConfig(
  uploads: readonly { readonly path: string; readonly url: string }[],
  parallel: number,
  more: readonly string[] = [],
): string {
  const entries = uploads.flatMap(({ path, url }) => [
    '',
    `url = "${url}"`,
    `upload-file = "${path}"`,
    'output = "/dev/null"',
  ])
  const head = ['parallel', `parallel-max = ${parallel}`, 'header = "Expect:"', 'fail', 'silent', ...more]
  return [...head, ...entries, ''].join('\n')
}
