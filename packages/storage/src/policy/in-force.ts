import { decide, type Plan, type Policy, type PolicySnapshot, defaultPolicy } from '@sluice/rollout'
import { messageOf, StorageError, throwIfAborted } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Overrides, overridePlan } from './override.ts'
import { policyFromEnvironment } from './policy-environment.ts'

/** Where the subnet's policy comes from; `createPolicySource` of `@sluice/chain` fits. */
export interface PolicySource {
  /** The policy on chain, else the last good one, else null. */
  read(signal?: AbortSignal): Promise<PolicySnapshot | null>
}

/** The chain behind a policy; nulls where it is not known or nobody answered. */
export interface ChainFacts {
  readonly network: string | null
  readonly endpoint: string | null
}

/** The policy in force and what it means for this hotkey. */
export interface StorageConfig {
  readonly netuid: number
  readonly hotkey: string
  readonly snapshot: PolicySnapshot
  readonly plan: Plan
  /** The chain that was asked; null when there is a policy source of one's own. */
  readonly chain: ChainFacts | null
  readonly s3Enabled: boolean
  readonly huggingFaceEnabled: boolean
}

export interface ConfigOptions extends Overrides {
  readonly policySource: PolicySource | null
  readonly netuid: number
  readonly hotkey: string
  /** Environment variables to fall back on. Default: those of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Log
  readonly chainInUse?: (() => ChainFacts) | undefined
}

/**
 * The policy in force: chain, else the last good one, else the environment, else HuggingFace only at 0 %.
 * It never fails open: an unreadable chain never puts a miner on S3 by itself.
 * @throws RolloutError `NO_BACKEND`; HotkeyError; StorageError `NO_BACKEND`, `ABORTED`
 */
export async function resolveConfig(options: ConfigOptions, signal?: AbortSignal): Promise<StorageConfig> {
  const { netuid, hotkey, log } = options
  const snapshot = (await readChain(options, signal)) ?? policyFromEnvironment(options.environment) ?? fallback()
  for (const warning of snapshot.warnings) log.warn({ origin: snapshot.origin, block: snapshot.block }, warning)
  const plan = overridePlan(decide(snapshot.policy, netuid, hotkey, snapshot.block), snapshot.policy, options)
  const used = new Set([...plan.required, ...(plan.standIn === undefined ? [] : [plan.standIn])])
  const config = {
    netuid,
    hotkey,
    snapshot,
    plan,
    chain: options.chainInUse?.() ?? null,
    s3Enabled: used.has('s3'),
    huggingFaceEnabled: used.has('huggingface'),
  }
  announce(config, log)
  return config
}

async function readChain({ policySource, log }: ConfigOptions, signal?: AbortSignal): Promise<PolicySnapshot | null> {
  if (policySource === null) return null
  try {
    const snapshot = await policySource.read(signal)
    if (snapshot === null) log.warn({}, 'no policy is known from the chain; the environment decides')
    return snapshot
  } catch (error) {
    throwIfAborted(signal)
    log.warn({}, `the policy on chain cannot be read: ${messageOf(error)}; the environment decides`)
    return null
  }
}

function fallback(): PolicySnapshot {
  return {
    policy: defaultPolicy,
    origin: 'default',
    block: 0,
    blockHash: null,
    warnings: ['no policy is known, from the chain or the environment: HuggingFace only'],
  }
}

/** Log lines on what is enabled and why, as the guide asks for. */
function announce({ snapshot, plan, s3Enabled, huggingFaceEnabled }: StorageConfig, log: Log): void {
  const from = `policy of origin ${snapshot.origin} at block ${snapshot.block}`
  const fields = { origin: snapshot.origin, block: snapshot.block, slot: plan.slot, inCohort: plan.inCohort }
  const s3 = `S3 storage ${s3Enabled ? `enabled: uploading to bucket ${bucketOf(snapshot.policy)}` : 'disabled'}`
  log.info(fields, `${s3} (${plan.reason} ${from})`)
  const role = plan.required.includes('huggingface') ? 'enabled' : 'enabled as stand-in while S3 fails'
  log.info(fields, `HuggingFace storage ${huggingFaceEnabled ? role : 'disabled'} (${from})`)
}

function bucketOf(policy: Policy): string {
  if (policy.s3.bucketName === null) {
    throw new StorageError('NO_BACKEND', 'S3 is forced on, but no policy names a bucket; set SLUICE_S3_BUCKET')
  }
  return policy.s3.bucketName
}
