// Our uploads beside those of others, against the same server, each client in a process of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFlags, refuse, wholeNumber } from '../scripts/flags.ts'
import { makeFile, makeMany, makeSparse } from './transfer/files.ts'
import { ratiosOf, summaryOf, tableOf } from './transfer/report.ts'
import * as clients from './transfer/rivals.ts'
import { type Result, run, type Scenario } from './transfer/rounds.ts'
import { openRadosgw, type Server, startProcess, useEndpoint } from './transfer/server.ts'
import { installRadosgw } from '../scripts/radosgw.ts'

const usage = `Usage: pnpm bench:transfer [--endpoint URL] [--only NAMES] [--rounds N] [--quick] [--json]

Uploads by our client and by others in turn, against the same server: wall, CPU, memory, and ours divided by theirs.
  --endpoint URL      another S3 server; default a fresh Ceph radosgw on this machine
    --access-key KEY    its access key (or AWS_ACCESS_KEY_ID)
    --secret-key KEY    its secret key (or AWS_SECRET_ACCESS_KEY)
    --bucket NAME       a bucket there, default sluice-bench
  --only NAMES        of file,many,sparse,lossy; default all
  --rounds N          default 3
  --quick             a quarter of the bytes, one round
  --json              the ratios alone, as one line for programs
`
const values = readFlags(usage, {
  endpoint: { type: 'string' },
  'access-key': { type: 'string', default: process.env['AWS_ACCESS_KEY_ID'] ?? '' },
  'secret-key': { type: 'string', default: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
  bucket: { type: 'string', default: 'sluice-bench' },
  rounds: { type: 'string' },
  only: { type: 'string', default: 'file,many,sparse,lossy' },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
})
const MIB = 1024 * 1024
const quick = values.quick
const rounds = wholeNumber('rounds', values.rounds ?? (quick ? '1' : '3'), 1)
const size = quick
  ? { file: 256 * MIB, many: 500, sparse: 4096 * MIB, lossy: 64 * MIB }
  : { file: 1024 * MIB, many: 2000, sparse: 50 * 1024 * MIB, lossy: 256 * MIB }

const root = fileURLToPath(new URL('..', import.meta.url))
const compiled = join(root, 'node_modules/.cache/bench-transfer')
const keys = { accessKeyId: values['access-key'], secretAccessKey: values['secret-key'], bucket: values.bucket }
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-files-'))
const say = (line: string): void => console.error(`bench:transfer: ${line}`)

function open(): Promise<Server> {
  const { endpoint } = values
  return endpoint === undefined ? openRadosgw(values.bucket) : useEndpoint({ endpoint, ...keys })
}

/** A bad line before the server; its faults depend on nothing but the round. */
async function openBehindProxy(round: number): Promise<Server> {
  const server = await open()
  const proxy = await startProcess(join(compiled, 'proxy.js'), [server.endpoint, String(round + 1), '0.1'], server)
  const stop = async (): Promise<void> => {
    await proxy.stop()
    await server.stop()
  }
  return { ...proxy, stop }
}

const { ours, oursPlain, libStorage, libStorage16, sdkPut, s3Lite, curl, curlParts, awsCli, rclone } = clients
const scenarios: Readonly<Record<string, () => Scenario>> = {
  file: () => ({
    title: `one file of ${size.file / MIB} MiB`,
    work: makeFile(folder, 'file', size.file),
    clients: [curlParts, oursPlain, curl, ours, libStorage, libStorage16, s3Lite, awsCli, rclone],
    rounds,
    limitMs: 120_000,
    open,
  }),
  many: () => ({
    title: `${size.many} files of 64 KiB`,
    work: makeMany(folder, size.many, 64 * 1024),
    clients: [curl, oursPlain, ours, libStorage, sdkPut, s3Lite, awsCli, rclone],
    rounds,
    limitMs: 120_000,
    open,
  }),
  sparse: () => ({
    title: `sparse file of ${size.sparse / 1024 / MIB} GiB to a server that keeps nothing`,
    work: makeSparse(folder, size.sparse),
    clients: [ours],
    rounds: 1,
    limitMs: 1_200_000,
    open: () => startProcess(join(compiled, 'sink.js'), [], { ...keys, accessKeyId: 'any', secretAccessKey: 'any' }),
  }),
  lossy: () => ({
    title: `${size.lossy / MIB} MiB over a line on which every tenth request fails`,
    work: makeFile(folder, 'lossy', size.lossy),
    clients: [ours, libStorage, libStorage16, s3Lite, awsCli, rclone],
    rounds,
    limitMs: 60_000,
    open: openBehindProxy,
  }),
}

const chosen = values.only.split(',').map((name) => {
  const make = scenarios[name]
  if (make === undefined) refuse(`--only knows ${Object.keys(scenarios).join(', ')}, not ${name}`)
  return [name, make] as const
})
const results = new Map<string, readonly Result[]>()
try {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'bench/transfer/clients')], { stdio: 'inherit' })
  if (values.endpoint === undefined) installRadosgw()
  for (const [name, make] of chosen) {
    const scenario = make()
    const result = await run(scenario, say)
    results.set(name, result)
    if (!values.json) console.log(`\n${scenario.title}\n${tableOf(result)}`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const summary = summaryOf(results)
console.log(values.json ? JSON.stringify(summary) : `\n${ratiosOf(summary)}`)
