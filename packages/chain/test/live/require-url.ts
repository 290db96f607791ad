/** Set-up of `test:chain`: without a node there is nothing to test, and one plain message says so. */
export function setup(): void {
  if (/^wss?:\/\/\S+$/.test(process.env['SLUICE_TEST_CHAIN'] ?? '')) return
  process.stderr.write(
    'SLUICE_TEST_CHAIN is not set. Give it the URL of a node with subnet 13 and the development keys, for example:\n' +
      '  SLUICE_TEST_CHAIN=ws://127.0.0.1:9944 pnpm test:chain\n',
  )
  process.exit(2)
}
