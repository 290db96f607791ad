import process from 'node:process'
import { type Proxies, proxiesFrom } from '@sluice/http'

/** Proxies on the way to others, by the rules of curl; the one place that reads the environment. @throws ProxyError */
export function readProxies(environment: Readonly<Record<string, string | undefined>> = process.env): Proxies {
  return proxiesFrom(environment)
}
