/** `sluice-devnet [all|chain|s3|hub]`: flags, what is printed, and a clean stop. */
import { writeFile } from 'node:fs/promises'
import {
  command,
  CommandError,
  type Context,
  exactly,
  type Failure,
  oneOf,
  optional,
  preset,
  type Program,
  type Settings,
  toggle,
  whole,
  words,
} from '@sluice/command-line'
import { type Part, startPart } from './compose.ts'
import type { DevnetOptions } from './devnet.ts'

interface Flags {
  readonly part: Part
  readonly netuid: number
  readonly miners: number
  readonly validators: number
  readonly blockTime: number
  readonly finalityLag: number
  readonly runtime: 'current' | 'old'
  readonly bucket: string
  readonly portChain: number
  readonly portS3: number
  readonly portHub: number
  readonly portGateway: number
  readonly noGateway: boolean
  readonly directory: string | undefined
  readonly chain: string | undefined
  readonly s3: string | undefined
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  readonly writeEnv: string | undefined
}

const port = (flag: string, of: string) =>
  preset(whole(0, 65_535), 0, { flag, value: 'n', group: 'Ports', meaning: `of the ${of}; 0: a free one` })
const subnet = 'Subnet'
const chain = 'Chain'
const outside = 'Servers of others'

const settings: Settings<Flags> = {
  part: preset(oneOf('all', 'chain', 's3', 'hub'), 'all', { argument: 'part', meaning: 'what to start' }),
  netuid: preset(whole(0, 65_535), 13, {
    flag: 'netuid',
    value: 'n',
    variables: ['SLUICE_NETUID'],
    group: subnet,
    meaning: 'subnet id',
  }),
  miners: preset(whole(0, 250), 4, { flag: 'miners', value: 'n', group: subnet, meaning: 'registered miners' }),
  validators: preset(whole(0, 64), 1, {
    flag: 'validators',
    value: 'n',
    group: subnet,
    meaning: 'registered validators',
  }),
  bucket: preset(words, 'sluice', { flag: 'bucket', value: 'name', group: subnet, meaning: 'bucket to create' }),
  noGateway: toggle({ flag: 'no-gateway', group: subnet, meaning: 'start no auth endpoint' }),
  directory: optional(words, {
    flag: 'directory',
    value: 'dir',
    group: subnet,
    meaning: 'keep wallets, buckets and repositories here',
    shown: 'a temporary folder',
  }),
  blockTime: preset(whole(0, 600_000), 1000, {
    flag: 'block-time',
    value: 'ms',
    group: chain,
    meaning: 'a block at least this often; 0: only when something happens',
  }),
  finalityLag: preset(whole(0, 1000), 0, {
    flag: 'finality-lag',
    value: 'blocks',
    group: chain,
    meaning: 'blocks between best and finalized head',
  }),
  runtime: preset(oneOf('current', 'old'), 'current', {
    flag: 'runtime',
    group: chain,
    meaning: 'answer as spec 293, or as spec 218',
  }),
  portChain: port('port-chain', 'chain'),
  portS3: port('port-s3', 'S3 server'),
  portHub: port('port-hub', 'hub'),
  portGateway: port('port-gateway', 'gateway'),
  chain: optional(words, {
    flag: 'chain',
    value: 'url',
    group: outside,
    meaning: 'use this node instead of an own one',
  }),
  s3: optional(words, {
    flag: 's3',
    value: 'url',
    group: outside,
    meaning: 'use this S3 server instead of an own one',
  }),
  accessKeyId: optional(words, {
    flag: 's3-access-key',
    value: 'id',
    variables: ['AWS_ACCESS_KEY_ID'],
    group: outside,
    meaning: 'its access key',
  }),
  secretAccessKey: optional(exactly, {
    flag: 's3-secret-key',
    value: 'key',
    variables: ['AWS_SECRET_ACCESS_KEY'],
    group: outside,
    meaning: 'its secret key; better as a variable, which others cannot see',
    secret: true,
  }),
  writeEnv: optional(words, { flag: 'write-env', value: 'file', meaning: 'write the environment lines here too' }),
}

/** `sluice-devnet` as data and work. It runs until the signal fires, then stops everything. */
export const program: Program = {
  name: 'sluice-devnet',
  meaning: 'A whole subnet on loopback: chain, S3, HuggingFace hub and gateway, with wallets, until Ctrl-C.',
  commands: [
    command({
      name: '',
      meaning: 'start it',
      settings,
      examples: [
        { line: 'sluice-devnet --miners 8 --write-env devnet.env', meaning: 'everything, and lines for other shells' },
        { line: 'sluice-devnet chain --block-time 0', meaning: 'the chain alone' },
      ],
      run,
    }),
  ],
  failureOf,
}

async function run(flags: Flags, { terminal, signal }: Context): Promise<void> {
  const running = await startPart(flags.part, optionsOf(flags))
  try {
    const lines = Object.entries(running.environment).map(([name, value]) => `export ${name}='${value}'`)
    if (flags.writeEnv !== undefined) {
      await writeFile(flags.writeEnv, `${lines.join('\n')}\n`, { mode: 0o600 }).catch((cause: unknown) => {
        throw new CommandError('USAGE', `cannot write --write-env ${flags.writeEnv} (${messageOf(cause)})`, cause)
      })
    }
    terminal.object({ ...running.facts, environment: running.environment })
    for (const line of ['Ready.', ...running.notes, '', ...lines, '', 'Ctrl-C stops everything.']) terminal.line(line)
    await stopped(signal)
  } finally {
    await running.close()
  }
}

function optionsOf(flags: Flags): DevnetOptions {
  const { accessKeyId, secretAccessKey } = flags
  if (flags.part === 'chain' && flags.chain !== undefined) {
    throw new CommandError('USAGE', '--chain names an outside node, so there is no chain to start')
  }
  if (flags.part === 's3' && flags.s3 !== undefined) {
    throw new CommandError('USAGE', '--s3 names an outside server, so there is no S3 server to start')
  }
  if (flags.s3 !== undefined && (accessKeyId === undefined || secretAccessKey === undefined)) {
    const text = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --s3-access-key and --s3-secret-key'
    throw new CommandError('USAGE', `--s3 needs its keys: ${text}`)
  }
  return {
    netuid: flags.netuid,
    miners: flags.miners,
    validators: flags.validators,
    blockTimeMs: flags.blockTime,
    finalityLag: flags.finalityLag,
    runtime: flags.runtime,
    bucket: flags.bucket,
    ports: { chain: flags.portChain, s3: flags.portS3, hub: flags.portHub, gateway: flags.portGateway },
    gateway: !flags.noGateway,
    ...(flags.directory === undefined ? {} : { directory: flags.directory }),
    ...(flags.chain === undefined ? {} : { chain: flags.chain }),
    ...(flags.s3 === undefined || accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { s3: { url: flags.s3, accessKeyId, secretAccessKey } }),
  }
}

/** A timer keeps the process alive even when every part is an outside one. */
async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const alive = setInterval(() => undefined, 60_000)
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  clearInterval(alive)
}

/** What keeps a devnet from starting: ports and folders that are taken or closed, or servers of others. */
function failureOf(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null
  const { code = '' } = error as NodeJS.ErrnoException
  if (['EADDRINUSE', 'EBUSY'].includes(code)) return { kind: 'room', code, message: messageOf(error) }
  if (code !== '') return { kind: 'usage', code, message: messageOf(error) }
  return error.name === 'Error' ? { kind: 'unreachable', code: 'UNREACHABLE', message: messageOf(error) } : null
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (code === 'EADDRINUSE') return `port ${port} on ${address} is taken: give another one, or 0 for a free one`
  if (code === 'EACCES' && port !== undefined) return `port ${port} needs more rights: give one above 1023, or 0`
  let reason: Error = error
  while (reason.cause instanceof Error) reason = reason.cause
  return reason === error ? error.message : `${error.message} (${reason.message || reason.name})`
}
