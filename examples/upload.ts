// Sends one large file to the miner's own place in the subnet's bucket, through the gateway, with the hotkey alone.
//
//   tsx examples/upload.ts --wallet miner-0 --gateway https://gateway.example.com model.safetensors
//
// Ctrl-C or kill it and run it again: what the store has is compared with the file, and the rest is sent.
import { basename } from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { loadHotkey } from '@sluice/chain'
import { openGateway } from '@sluice/gateway-api/client'
import { createNodeTransfer, fromPath } from '@sluice/transfer/node'
import { readSettings } from './settings.ts'

const { values: flags, positionals } = parseArgs({
  options: {
    wallet: { type: 'string', default: 'default' },
    gateway: { type: 'string' },
    journal: { type: 'string', default: 'uploads.sqlite' },
    bandwidth: { type: 'string' }, // bytes per second
  },
  allowPositionals: true,
})
const [path] = positionals
if (path === undefined || flags.gateway === undefined) throw new Error('give --gateway URL and a file')

const stop = new AbortController()
process.once('SIGINT', () => stop.abort())
const { walletPath } = readSettings()
const hotkey = await loadHotkey({ walletPath, walletName: flags.wallet, hotkeyName: 'default' })
const transfer = createNodeTransfer({
  sessions: openGateway({ url: flags.gateway, hotkey }).sessions,
  journalFile: flags.journal,
  bandwidth: flags.bandwidth === undefined ? undefined : Number(flags.bandwidth),
})
try {
  const result = await transfer.upload(fromPath(path), {
    key: `files/${basename(path)}`,
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type === 'progress') console.log(`${event.parts} parts, ${event.bytes} bytes`)
    },
  })
  console.log(`${result.partsKept} parts were there, ${result.key} is stored, proven by ${result.proof}`)
  console.log(`sha256 ${result.sha256}`)
} finally {
  transfer.close()
}
