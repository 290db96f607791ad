// A validator that asks Sluice what a miner's answer is worth: it judges the URIs that a miner told, and scores.
//
//   tsx examples/validator.ts --wallet validator-0 5F3sa2… https://x.com/a/status/1 https://x.com/b/status/2
//
// Without arguments it tells how far the subnet has moved.
import { parseArgs } from 'node:util'
import { loadHotkey } from '@sluice/chain'
import { createValidator, type MinerReport } from '@sluice/validator'
import { readSettings } from './settings.ts'

const { values: flags, positionals } = parseArgs({
  options: { wallet: { type: 'string', default: 'default' }, source: { type: 'string', default: 'x' } },
  allowPositionals: true,
})
const [miner, ...uris] = positionals
const settings = readSettings()
const validator = await createValidator({
  netuid: settings.netuid,
  ...(settings.endpoint === undefined ? { network: 'finney' } : { endpoints: [settings.endpoint] }),
  hotkey: await loadHotkey({ walletPath: settings.walletPath, walletName: flags.wallet, hotkeyName: 'default' }),
  hubUrl: settings.hubUrl,
  trust: { allowPrivateEndpoints: settings.allowPrivateEndpoints },
})
try {
  if (miner === undefined) await tellAdoption()
  else {
    const entities = uris.map((uri) => ({ uri, source: flags.source }))
    const report = await validator.validateMinerData(miner, entities)
    for (const { uri, verdict, s3, huggingface } of report.verdicts) {
      console.log(`${verdict}: ${uri} (S3 ${s3.verdict}, HuggingFace ${huggingface.verdict})`)
    }
    const score = scoreOf(report)
    console.log(score === null ? 'no score: no store could be asked' : `score ${score.toFixed(2)}`)
  }
} finally {
  await validator.close()
}

/** The share of valid URIs. What is nobody's guilt is left out; null when nothing else is there. */
function scoreOf({ verdicts }: MinerReport): number | null {
  const judged = verdicts.filter(({ verdict }) => verdict !== 'unknown')
  if (judged.length === 0) return null
  return judged.filter(({ verdict }) => verdict === 'valid').length / judged.length
}

async function tellAdoption(): Promise<void> {
  const usage = await validator.monitorStorageUsage()
  console.log(
    `block ${usage.block}: the dial is at ${usage.rolloutPercentage} %, ${usage.inCohort} miners are asked to move`,
  )
  for (const { uid, hotkey, usage: where, follows } of usage.miners) {
    console.log(`${uid} ${hotkey}: ${where}${follows === false ? ', but the policy says otherwise' : ''}`)
  }
}
