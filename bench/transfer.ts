// Our uploads beside those of others, against the same server, each client in a process of its own.
// Usage: pnpm bench:transfer [--endpoint URL --access-key KEY --secret-key KEY] [--bucket NAME] [--rounds 3]
//        [--only file,many,sparse,lossy] [--quick] [--json]
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeFile, makeMany, makeSparse } from './transfer/files.ts'
import { ratiosOf, summaryOf, tableOf } from './transfer/report.ts'
import * as clients from './transfer/rivals.ts'
import { type Result, run, type Scenario } from './transfer/rounds.ts'
import { openRadosgw, type Server, startProcess, useEndpoint } from './transfer/server.ts'
import { installRadosgw } from '../scripts/radosgw.ts'

const { values } = parseArgs({
  options: {
    endpoint: { type: 'string' },
    'access-key': { type: 'string', default: process.env['AWS_ACCESS_KEY_ID'] ?? '' },
    'secret-key': { type: 'string', default: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
    bucket: { type: 'string', default: 'sluice-bench' },
    rounds: { type: 'string' },
    only: { type: 'string', default: 'file,many,sparse,lossy' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const MIB = 1024 * 1024
const quick = values.quick
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
if (!Number.isSafeInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1')
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

const { ours, oursPlain, libStorage, libStorage16, sdkPut, s3Lite, curl, awsCli, rclone } = clients
const scenarios: Readonly<Record<string, () => Scenario>> = {
  file: () => ({
    title: `one file of ${size.file / MIB} MiB`,
    work: makeFile(folder, 'file', size.file),
    clients: [curl, oursPlain, ours, libStorage, libStorage16, s3Lite, awsCli, rclone],
    rounds,
    limitMs: 120_000,
    open,
  }),
  many: () => ({
    title: `${size.many} files of 64 KiB`,
    work: makeMany(folder, size.many, 64 * 1024),
    clients: [curl, ours, libStorage, sdkPut, s3Lite, awsCli, rclone],
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

const results = new Map<string, readonly Result[]>()
try {
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'bench/transfer/clients')], { stdio: 'inherit' })
  if (values.endpoint === undefined) installRadosgw()
  for (const name of values.only.split(',')) {
    const make = scenarios[name]
    if (make === undefined) throw new Error(`--only knows ${Object.keys(scenarios).join(', ')}, not ${name}`)
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
