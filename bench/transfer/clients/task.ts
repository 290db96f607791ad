import { readFileSync } from 'node:fs'

/** What a client in a process of its own is to do; a JSON file named by its first argument. */
export interface Task {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Files to upload and their keys. One: as fast as possible. Many: `parallel` at once. */
  readonly files: readonly { readonly path: string; readonly key: string }[]
  readonly parallel: number
  /** How the client is set; each one knows its own words. */
  readonly mode: string
  /** A folder for what the client wants to keep. */
  readonly scratch: string
}

export function readTask(): Task {
  return JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Task
}

/** Runs the work and says how long it took. A library is loaded once in a process's life, so that is not counted. */
export async function timed(work: () => Promise<void>): Promise<void> {
  const started = performance.now()
  await work()
  console.log(`work_seconds=${((performance.now() - started) / 1000).toFixed(3)}`)
}

/** Each file once, so many at a time. */
export async function forEachFile(task: Task, upload: (file: Task['files'][number]) => Promise<void>): Promise<void> {
  const left = task.files.values()
  const worker = async (): Promise<void> => {
    for (const file of left) await upload(file)
  }
  await Promise.all(Array.from({ length: task.parallel }, worker))
}
