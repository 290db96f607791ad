import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createPolicySource, hotkeyFromUri, openChain } from '@sluice/chain'
import { type DevGateway, type Devnet, startDevGateway, startDevnet } from '@sluice/devnet'
import { createValidator } from '@sluice/validator'
import type { Row } from './databases.ts'
import { openGate } from './gate.ts'
import { startMiners, uploadAll } from './miners.ts'
import type { DemoOptions } from './options.ts'
import { checkStep, type StepResult } from './steps.ts'

export interface Story {
  readonly folder: string
  readonly checkout: string
  /** Rows that arrive: `[wave][miner]`. */
  readonly dealt: readonly (readonly (readonly Row[])[])[]
  readonly minerCount: number
  readonly options: DemoOptions
  readonly signal: AbortSignal
}

/** Each step: what the owner does, whether S3 is cut off, and whether new rows have come in. */
const chapters: readonly { title: string; command: readonly string[]; s3Down?: true; newRows: boolean }[] = [
  {
    title: '0 %',
    command: ['set', '--use_s3=true', '--use_huggingface=true', '--rollout_percentage=0'],
    newRows: true,
  },
  { title: '25 %', command: ['rollout', '--percentage=25'], newRows: true },
  { title: '25 %, S3 down', command: [], s3Down: true, newRows: true },
  { title: '25 %, S3 back', command: [], newRows: false },
  { title: '100 %', command: ['rollout', '--percentage=100'], newRows: true },
]

/** Plays all steps on one devnet and reports what the validator saw after each; with `keep` it then waits for Ctrl-C. */
export async function runStory(
  story: Story,
  say: (line: string) => void,
  report: (steps: readonly StepResult[]) => void,
): Promise<void> {
  const { folder, options, signal, minerCount } = story
  await using undo = disposables()
  const outside = { ...(options.chain ? { chain: options.chain } : {}), ...(options.s3 ? { s3: options.s3 } : {}) }
  const devnet = undo.add(await startDevnet({ directory: join(folder, 'devnet'), miners: minerCount, ...outside }))
  const gate = await openGate(devnet.s3.url)
  undo.add({ [Symbol.asyncDispose]: () => gate.close() })
  const { chain: node, bucket, hub } = devnet
  // The gateway signs for the gate, so that shutting it cuts off everybody: miners, validator and the gateway itself.
  const gateway = await startDevGateway({
    chain: node.url,
    netuid: node.netuid,
    s3: { ...devnet.s3, url: gate.url },
    bucket,
    directory: folder,
    port: 0,
  })
  undo.add({ [Symbol.asyncDispose]: () => gateway.close() })
  say(`Chain ${node.url}, S3 ${devnet.s3.url}, HuggingFace hub ${hub.url}, gateway ${gateway.url}.`)

  const chain = undo.add(openChain({ endpoints: [devnet.chain.url] }))
  const policies = createPolicySource({ chain, netuid: devnet.chain.netuid })
  const miners = await startMiners(devnet, folder)
  for (const { storage } of miners) undo.add(storage)
  const validator = await createValidator({
    netuid: devnet.chain.netuid,
    endpoints: [devnet.chain.url],
    hotkey: await hotkeyFromUri('//Bob//hot'),
    trust: { allowPrivateEndpoints: true },
    hubUrl: devnet.hub.url,
  })
  undo.add({ [Symbol.asyncDispose]: () => validator.close() })

  const steps: StepResult[] = []
  let wave = 0
  for (const { title, command, s3Down = false, newRows } of chapters) {
    signal.throwIfAborted()
    say(`\n── ${title} ──`)
    if (command.length > 0) await turnTheDial(story, { devnet, gateway }, command, say)
    if (newRows) {
      const rows = story.dealt[wave++] ?? []
      for (const [index, miner] of miners.entries()) miner.scrape(rows[index] ?? [])
    }
    if (s3Down) gate.shut()
    else gate.open()
    const receipts = await uploadAll(miners, signal)
    const snapshot = await policies.read(signal)
    if (snapshot === null) throw new Error('the policy that the CLI published cannot be read back')
    const step = await checkStep({ title, policy: snapshot.policy, s3Down }, miners, receipts, validator, signal)
    steps.push(step)
    say(`${step.inCohort.length} of ${minerCount} miners in the cohort; ${verdictLine(step)}`)
  }
  report(steps)
  if (options.keep) {
    const environment = {
      SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
      SLUICE_WALLET_PATH: devnet.walletPath,
      SLUICE_AUTH_ENDPOINT: gateway.url,
      SLUICE_ALLOW_PRIVATE_ENDPOINTS: 'true',
      SLUICE_HF_ENDPOINT: devnet.hub.url,
    }
    say('\nThe devnet stays up until Ctrl-C. For another shell:')
    for (const [name, value] of Object.entries(environment)) say(`export ${name}='${value}'`)
    if (!signal.aborted) await once(signal, 'abort')
  }
}

const verdictLine = ({ verdicts, uris }: StepResult): string =>
  `the validator asked for ${uris} URIs: ${[...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')}.`

/** The owner's own command line, in a process of its own, exactly as a person would type it. */
async function turnTheDial(
  story: Story,
  { devnet, gateway }: { readonly devnet: Devnet; readonly gateway: DevGateway },
  command: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const { checkout, signal } = story
  const place =
    command[0] === 'set'
      ? [
          `--bucket_name=${devnet.bucket}`,
          `--auth_endpoint=${gateway.url}`,
          `--region=${devnet.s3.region}`,
          '--cohort=sha256-bp',
          '--salt=demo',
          '--reshuffle',
        ]
      : []
  const args = [...command, ...place, `--netuid=${devnet.chain.netuid}`, '--wallet.name=owner', '--yes']
  say(`$ sluice-config ${args.join(' ')}`)
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--conditions=@sluice/source', join(checkout, 'packages/config-cli/src/main.ts'), ...args],
    {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      env: {
        ...process.env,
        NO_COLOR: '1',
        SLUICE_CHAIN_ENDPOINT: devnet.chain.url,
        SLUICE_WALLET_PATH: devnet.walletPath,
      },
    },
  )
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  if (exitCode !== 0) throw new Error(`sluice-config failed with exit code ${exitCode}:\n${output}`)
  say(output.trimEnd())
  await gateway.refresh()
}

/** Closes what was added, last first; Node 20 has no AsyncDisposableStack. */
function disposables(): AsyncDisposable & { add<T extends AsyncDisposable>(resource: T): T } {
  const added: AsyncDisposable[] = []
  return {
    add(resource) {
      added.push(resource)
      return resource
    },
    async [Symbol.asyncDispose]() {
      for (const resource of added.reverse()) await resource[Symbol.asyncDispose]()
    },
  }
}
