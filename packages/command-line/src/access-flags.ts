import { exactly, listOf, optional, preset, type Settings, words, yesNo } from './setting.ts'

/** How bucket and hub are reached. */
export interface AccessValues {
  /** In place of the policy's; only with credentials. */
  readonly s3Endpoint: string | undefined
  readonly accessKeyId: string | undefined
  readonly secretAccessKey: string | undefined
  readonly sessionToken: string | undefined
  /** For a devnet: endpoints of the policy may be http, loopback or private. */
  readonly allowPrivateEndpoints: boolean
  /** The only hosts that endpoints of the policy, and URLs signed there, may have. */
  readonly pinnedHosts: readonly string[] | undefined
  readonly hubUrl: string | undefined
  readonly hubToken: string | undefined
}

const s3 = 'S3'
const hub = 'HuggingFace'

/** The gateway of the policy with the hotkey alone, or the bucket itself with credentials. */
export const accessSettings: Settings<AccessValues> = {
  s3Endpoint: optional(words, {
    flag: 's3-endpoint',
    value: 'url',
    variables: ['SLUICE_S3_ENDPOINT'],
    group: s3,
    meaning: "another S3 server than the policy's; with direct credentials only",
  }),
  accessKeyId: optional(words, {
    variables: ['AWS_ACCESS_KEY_ID'],
    group: s3,
    meaning: 'direct access to the bucket, in place of the gateway',
  }),
  secretAccessKey: optional(exactly, {
    variables: ['AWS_SECRET_ACCESS_KEY'],
    group: s3,
    meaning: 'the secret of AWS_ACCESS_KEY_ID',
    secret: true,
  }),
  sessionToken: optional(exactly, {
    variables: ['AWS_SESSION_TOKEN'],
    group: s3,
    meaning: 'with temporary credentials',
    secret: true,
  }),
  allowPrivateEndpoints: preset(yesNo, false, {
    variables: ['SLUICE_ALLOW_PRIVATE_ENDPOINTS'],
    group: s3,
    meaning: 'true: endpoints of the policy may be http or private addresses; for a devnet',
  }),
  pinnedHosts: optional(listOf(words), {
    variables: ['SLUICE_PINNED_HOSTS'],
    group: s3,
    meaning: 'the only hosts that the policy may name, separated by commas',
  }),
  hubUrl: optional(words, {
    flag: 'hf-endpoint',
    value: 'url',
    variables: ['SLUICE_HF_ENDPOINT', 'HF_ENDPOINT'],
    group: hub,
    meaning: 'another HuggingFace hub',
    shown: 'https://huggingface.co',
  }),
  hubToken: optional(exactly, {
    variables: ['HUGGINGFACE_TOKEN', 'HF_TOKEN'],
    group: hub,
    meaning: 'token of HuggingFace',
    secret: true,
  }),
}
