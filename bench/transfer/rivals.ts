import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { presignQuery, queryText } from '../../packages/dev-s3/test/conformance/signer.ts'
import { curlConfig } from './clients/curl-config.ts'
import type { Task } from './clients/task.ts'
import type { Command } from './measure.ts'
import type { Place } from './server.ts'

export interface Work {
  readonly files: Task['files']
  /** The same bytes in pieces of 16 MiB, for clients that send none but whole files. */
  readonly pieces: Task['files']
  /** Folder that holds `files` and nothing else. */
  readonly folder: string
  /** Own to this run. */
  readonly scratch: string
  readonly parallel: number
}

export interface Client {
  readonly name: string
  /** Null when it can run here, else why not. */
  readonly missing: string | null
  command(place: Place, work: Work): Command
}

const compiled = fileURLToPath(new URL('../../node_modules/.cache/bench-transfer/', import.meta.url))

/** A client of `clients/`, run by plain Node. */
function library(name: string, script: string, mode: string): Client {
  return {
    name,
    missing: null,
    command: ({ endpoint, bucket, accessKeyId, secretAccessKey }, { files, parallel, scratch }) => {
      const task: Task = { endpoint, bucket, accessKeyId, secretAccessKey, files, parallel, mode, scratch }
      const note = join(scratch, `task-${mode}-${Math.random().toString(36).slice(2)}.json`)
      writeFileSync(note, JSON.stringify(task))
      const env = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
      return { program: process.execPath, args: [join(compiled, script), note], env }
    },
  }
}

export const ours: Client = library('sluice', 'sluice.js', 'default')
/** No checksum of any kind, as curl sends none. */
export const oursPlain: Client = library('sluice, no checksums', 'sluice.js', 'plain')
/** 16 MiB parts, four at once, as the reference measured the others. */
export const libStorage: Client = library('lib-storage', 'sdk.js', 'default')
export const libStorage16: Client = library('lib-storage 16 MiB x 4', 'sdk.js', '16x4')
export const sdkPut: Client = library('client-s3 PutObject', 'sdk.js', 'put')
export const s3Lite: Client = library('s3-lite-client', 's3-lite.js', 'default')

const partsByCurl = library('curl, presigned parts', 'curl-parts.js', 'plain')
/** One object in parts, as ours. */
export const curlParts: Client = {
  ...partsByCurl,
  missing: missing('curl'),
  command: (place, work) => partsByCurl.command(place, { ...work, files: work.pieces }),
}

/** Presigned PUTs of whole files, the fastest thing there is. */
export const curl: Client = {
  name: 'curl, presigned',
  missing: missing('curl'),
  command: (place, { pieces, parallel, scratch }) => {
    const config = join(scratch, 'curl.txt')
    const uploads = pieces.map(({ path, key }) => ({ path, url: presigned(place, key) }))
    writeFileSync(config, curlConfig(uploads, parallel))
    return { program: 'curl', args: ['-K', config] }
  },
}

export const awsCli: Client = {
  name: 'aws cli',
  missing: missing('aws'),
  command: (place, { files, folder }) => {
    const { endpoint, bucket, accessKeyId, secretAccessKey } = place
    const [file] = files
    const one = files.length === 1 && file !== undefined
    const copy = one
      ? [file.path, `s3://${bucket}/${file.key}`]
      : [folder, `s3://${bucket}/${prefixOf(files)}`, '--recursive']
    const args = ['s3', 'cp', ...copy, '--endpoint-url', endpoint, '--only-show-errors']
    const env = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_EC2_METADATA_DISABLED: 'true',
    }
    return { program: 'aws', args, env }
  },
}

export const rclone: Client = {
  name: 'rclone',
  missing: missing('rclone'),
  command: (place, { files, folder, parallel }) => {
    const [file] = files
    const one = files.length === 1 && file !== undefined
    const copy = one
      ? ['copyto', file.path, `bench:${place.bucket}/${file.key}`]
      : ['copy', folder, `bench:${place.bucket}/${prefixOf(files)}`, '--transfers', String(parallel)]
    const env = {
      RCLONE_CONFIG_BENCH_TYPE: 's3',
      RCLONE_CONFIG_BENCH_PROVIDER: 'Ceph',
      RCLONE_CONFIG_BENCH_ENDPOINT: place.endpoint,
      RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: place.accessKeyId,
      RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: place.secretAccessKey,
      RCLONE_CONFIG: '/dev/null',
    }
    return { program: 'rclone', args: [...copy, '--s3-no-check-bucket', '--quiet'], env }
  },
}

/** Common part of the keys, without the slash. */
const prefixOf = (files: Task['files']): string => files[0]?.key.split('/').slice(0, -1).join('/') ?? ''

function missing(program: string): string | null {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? null : 'not installed'
}

function presigned(place: Place, key: string): string {
  const { endpoint, bucket } = place
  const path = `/${bucket}/${key}`
  const headers = { host: new URL(endpoint).host }
  const signing = { ...place, region: 'us-east-1', date: new Date() }
  const query = presignQuery({ method: 'PUT', path, query: {}, headers, payload: 'UNSIGNED-PAYLOAD' }, signing, 3600)
  return `${endpoint}${path}?${queryText(query)}`
}
