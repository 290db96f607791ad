import { TransferError } from '@sluice/transfer'
import type { ApiRoute } from '../routes.ts'
import type { ListBody, ListReply } from '../schemas.ts'
import type { AskGateway } from './call.ts'

/** The pages of a listing, each in key order. @throws TransferError */
export async function* listPages<Body extends ListBody>(
  ask: AskGateway,
  route: ApiRoute<Body, undefined, ListReply>,
  about: Body,
  signal?: AbortSignal,
): AsyncGenerator<ListReply['objects'], void> {
  const what = `list ${about.prefix}`
  let last = ''
  for (let after = ''; ;) {
    const body = after === '' ? about : { ...about, after }
    const { objects, next } = await ask(route, { what, body, signal })
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
