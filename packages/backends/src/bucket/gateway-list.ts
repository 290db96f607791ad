import { type AskGateway, TransferError } from '@sluice/transfer'
import { listPage } from './gateway-wire.ts'

/** The pages of a listing, each in key order. @throws TransferError */
export async function* listPages(
  ask: AskGateway,
  path: '/uploads/list' | '/reads/list',
  about: { readonly prefix: string; readonly hotkey?: string },
  signal?: AbortSignal,
): AsyncGenerator<readonly { readonly key: string; readonly bytes: number }[], void> {
  const what = `list ${about.prefix}`
  let last = ''
  for (let after = ''; ;) {
    const body = after === '' ? about : { ...about, after }
    const { objects, next } = await ask({ what, method: 'POST', path, body, signal }, listPage)
    for (const { key } of objects) {
      if (!key.startsWith(about.prefix) || key <= last) throw broken(what, 'keys outside of it or out of order')
      last = key
    }
    yield objects
    if (next === null) return
    if (next <= after) throw broken(what, 'pages that repeat themselves')
    after = next
  }
}

function broken(what: string, problem: string): TransferError {
  return new TransferError('PROTOCOL', `Cannot ${what}: the gateway sent ${problem}.`, { retryable: true })
}
