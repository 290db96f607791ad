import { spawn } from 'node:child_process'
import { createBucket } from '../../packages/devnet/src/make-bucket.ts'
import { startRadosgw } from '../../scripts/radosgw.ts'

export interface Place {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** Somewhere to upload to. Each run gets a fresh one where that is possible, so that no run pays for another. */
export interface Server extends Place {
  stop(): Promise<void>
}

/** A radosgw with an empty memory store. */
export async function openRadosgw(bucket: string): Promise<Server> {
  const server = await startRadosgw()
  const { url: endpoint, accessKeyId, secretAccessKey } = server
  try {
    return {
      ...(await withBucket({ endpoint, bucket, accessKeyId, secretAccessKey })),
      stop: async () => server.stop(),
    }
  } catch (error) {
    server.stop()
    throw error
  }
}

/** A server of somebody else; nothing is started or stopped. */
export async function useEndpoint(place: Place): Promise<Server> {
  return { ...(await withBucket(place)), stop: async () => undefined }
}

async function withBucket({ endpoint, bucket, ...keys }: Place): Promise<Place> {
  await createBucket({ url: endpoint, ...keys }, bucket)
  return { endpoint, bucket, ...keys }
}

/** A server in a process of its own; it prints its URL. */
export async function startProcess(
  script: string,
  args: readonly string[],
  place: Omit<Place, 'endpoint'>,
): Promise<Server> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}`)))
  })
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  return { ...place, endpoint, stop }
}
