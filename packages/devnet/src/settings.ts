import process from 'node:process'
import { z } from 'zod'

/** What the environment may say; flags win. Secrets need not stand on the command line, where others can see them. */
export interface Settings {
  /** `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`: for an outside S3 server. */
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
}

const optional = z
  .string()
  .optional()
  .transform((text) => text || undefined)
const schema = z.object({ AWS_ACCESS_KEY_ID: optional, AWS_SECRET_ACCESS_KEY: optional })

/** Reads the environment; an empty variable counts as not set. */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const read = schema.parse(env)
  return { accessKeyId: read.AWS_ACCESS_KEY_ID, secretAccessKey: read.AWS_SECRET_ACCESS_KEY }
}
