// A bad line before a server: seeded faults, none of which hangs, since most rivals would hang with it for ever.
import { createFaultScript, startFaultProxy } from '@sluice/dev-faults'

const [target = '', seed = '1', share = '0.1'] = process.argv.slice(2)
const proxy = await startFaultProxy({ target })
proxy.faults.follow(createFaultScript(Number(seed), { share: Number(share), most: 1000, stalls: false }))
console.log(proxy.url)
