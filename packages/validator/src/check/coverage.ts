import type { Manifest, ManifestFile } from '@sluice/dataset'

/** What one manifest lists. */
export interface Held {
  readonly files: number
  readonly rows: number
  readonly bytes: number
}

/** What a miner's two manifests say together. Paths are content-addressed, so an equal path is equal content. */
export interface Coverage {
  /** Live files, rows and bytes in either backend, each file once. */
  readonly files: number
  readonly rows: number
  readonly bytes: number
  /** What each manifest lists. */
  readonly held: { readonly s3: Held; readonly huggingface: Held }
  /** Files of the other manifest that this one lacks. */
  readonly missing: { readonly s3: number; readonly huggingface: number }
  readonly missingBytes: { readonly s3: number; readonly huggingface: number }
  /** Newest hour (since 1970) per backend, null without partition files. */
  readonly newestHour: { readonly s3: number | null; readonly huggingface: number | null }
}

/** Unites the manifests of both backends; null = there is none. */
export function uniteManifests(s3: Manifest | null, huggingface: Manifest | null): Coverage {
  const inS3 = new Map((s3?.files ?? []).map((file) => [file.path, file]))
  const inHuggingFace = new Map((huggingface?.files ?? []).map((file) => [file.path, file]))
  const union = [...new Map([...inHuggingFace, ...inS3]).values()]
  const onlyIn = (here: typeof inS3, there: typeof inS3) => [...here.values()].filter((file) => !there.has(file.path))
  const s3Lacks = onlyIn(inHuggingFace, inS3)
  const huggingFaceLacks = onlyIn(inS3, inHuggingFace)
  return {
    ...listed(union),
    held: { s3: listed(s3?.files ?? []), huggingface: listed(huggingface?.files ?? []) },
    missing: { s3: s3Lacks.length, huggingface: huggingFaceLacks.length },
    missingBytes: {
      s3: sum(s3Lacks.map((file) => file.bytes)),
      huggingface: sum(huggingFaceLacks.map((file) => file.bytes)),
    },
    newestHour: { s3: newest(s3), huggingface: newest(huggingface) },
  }
}

function listed(files: readonly ManifestFile[]): Held {
  return {
    files: files.length,
    rows: sum(files.map((file) => file.rows ?? 0)),
    bytes: sum(files.map((file) => file.bytes)),
  }
}

function newest(manifest: Manifest | null): number | null {
  return (manifest?.files ?? []).reduce<number | null>(
    (latest, { hour }) => (hour !== null && (latest === null || hour > latest) ? hour : latest),
    null,
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
