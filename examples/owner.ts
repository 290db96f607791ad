// What a subnet owner may run from cron: turns the dial one step further when the last step is old enough.
//
//   tsx examples/owner.ts --wallet owner --soak-blocks 7200 --steps 5,25,50,100 [--dry-run]
//
// It drives the command `sluice-config` with --json, so the same works in any language. Exit code 0: turned, or not yet.
import { execFile } from 'node:child_process'
import { parseArgs, promisify } from 'node:util'
import { readSettings } from './settings.ts'

/** What `sluice-config get --json` says, as far as it is needed here. */
interface PolicyRecord {
  readonly block: number
  readonly decoding: string
  readonly commitment_block: number | null
  readonly effective_percentage?: number
}
/** The same of `sluice-config rollout --json`. */
interface Change {
  readonly joins: readonly { readonly hotkey: string }[]
  readonly published: { readonly block: number } | null
}

const { values: flags } = parseArgs({
  options: {
    wallet: { type: 'string', default: 'default' },
    steps: { type: 'string', default: '5,25,50,100' },
    'soak-blocks': { type: 'string', default: '7200' },
    'dry-run': { type: 'boolean', default: false },
  },
})
const { netuid } = readSettings()

const record = await ask<PolicyRecord>('get')
if (record.decoding !== 'policy')
  throw new Error(`no policy to turn (${record.decoding}): begin with sluice-config set`)
const percentage = record.effective_percentage ?? 0
const age = record.block - (record.commitment_block ?? 0)
const next = flags.steps
  .split(',')
  .map(Number)
  .find((step) => step > percentage)

if (next === undefined) console.log(`at ${percentage} %: nothing left to do`)
else if (age < Number(flags['soak-blocks'])) console.log(`at ${percentage} % for ${age} blocks: not yet`)
else {
  const consent = flags['dry-run'] ? '--dry-run' : '--yes'
  const change = await ask<Change>('rollout', '--percentage', String(next), '--wallet.name', flags.wallet, consent)
  const where = change.published === null ? 'dry run' : `block ${change.published.block}`
  console.log(`from ${percentage} % to ${next} %: ${change.joins.length} hotkeys join (${where})`)
}

/** Runs one command. On failure it has printed `{"error":{"code","message"}}`. */
async function ask<Answer>(...words: string[]): Promise<Answer> {
  const args = [...words, '--netuid', String(netuid), '--json']
  try {
    const { stdout } = await promisify(execFile)('sluice-config', args)
    return JSON.parse(stdout) as Answer
  } catch (failure) {
    const { stdout } = failure as { stdout?: string }
    if (!stdout) throw failure
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
    throw new Error(`sluice-config ${words[0]}: ${error.code}: ${error.message}`, { cause: failure })
  }
}
