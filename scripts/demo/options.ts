import { readFlags, refuse } from '../flags.ts'

/** What the demo may be told. */
export interface DemoOptions {
  /** A miner's own Data Universe database instead of the machine's public texts. */
  readonly db: string | undefined
  /** Leaves the devnet up at the end until Ctrl-C. */
  readonly keep: boolean
  /** ws:// URL of another chain with the devnet's cast. */
  readonly chain: string | undefined
  readonly s3: { readonly url: string; readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
}

const usage = `Usage: pnpm demo [options]

Starts a subnet on this machine, gives real records to eight miners, turns the dial from 0 to 100 %,
cuts S3 off once, and lets a validator check after each step. Exit code 0: every verdict is as it must be.

  --db FILE              a Data Universe SQLite database instead of this machine's public texts
  --keep                 leave everything running at the end, until Ctrl-C
  --chain ws://…         another chain (must have the devnet's cast)
  --s3 URL               another S3 server, with
    --s3-access-key KEY    its access key (or AWS_ACCESS_KEY_ID)
    --s3-secret-key KEY    its secret key (or AWS_SECRET_ACCESS_KEY)
  --help`

export function readOptions(): DemoOptions {
  const values = readFlags(usage, {
    db: { type: 'string' },
    keep: { type: 'boolean', default: false },
    chain: { type: 'string' },
    s3: { type: 'string' },
    's3-access-key': { type: 'string', default: process.env['AWS_ACCESS_KEY_ID'] ?? '' },
    's3-secret-key': { type: 'string', default: process.env['AWS_SECRET_ACCESS_KEY'] ?? '' },
  })
  const accessKeyId = values['s3-access-key']
  const secretAccessKey = values['s3-secret-key']
  if (values.s3 !== undefined && (accessKeyId === '' || secretAccessKey === '')) {
    refuse('--s3 needs --s3-access-key and --s3-secret-key')
  }
  const s3 = values.s3 === undefined ? undefined : { url: values.s3, accessKeyId, secretAccessKey }
  return { db: values.db, keep: values.keep, chain: values.chain, s3 }
}
