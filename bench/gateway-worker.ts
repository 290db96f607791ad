/** One gateway process of the bench: serves on a free port, tells it, and tells its memory when asked. */
import { serve } from '../packages/gateway/src/http/node-server.ts'
import { benchGateway } from '../scripts/gateway/parts.ts'

const { hotkeys, stateFile, storeMs, keepOpen } = JSON.parse(process.argv[2] ?? '{}') as {
  hotkeys: string[]
  stateFile: string
  storeMs: number
  keepOpen: number
}
const gateway = await benchGateway({ hotkeys, stateFile, storeMs, keepOpen })
const server = await serve({ app: gateway, host: '127.0.0.1', port: 0, trustedProxies: 0 })
process.on('message', (message) => {
  if (message === 'memory') {
    globalThis.gc?.()
    const { user, system } = process.cpuUsage()
    process.send?.({ rss: process.memoryUsage().rss, cpuMs: (user + system) / 1000 })
  }
  if (message === 'stop') process.exit(0)
})
process.send?.({ port: server.port })
