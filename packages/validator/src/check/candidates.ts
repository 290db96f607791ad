import { type Manifest, type ManifestFile, parsePartKey, shareOf, uriDigest } from '@sluice/dataset'
import type { Wanted } from './entity.ts'

/** Which files of a manifest may hold a URI, the most likely first. */
export interface Candidates {
  readonly files: readonly ManifestFile[]
  /** There were more than the limit; not finding the URI then proves nothing. */
  readonly cut: boolean
}

/** Finds candidates in one manifest: by source, hour and the URI's share. */
export function createCandidateFinder(manifest: Manifest, filesPerUri: number): (wanted: Wanted) => Candidates {
  const parts = manifest.files.flatMap((file) => {
    const key = parsePartKey(file.path)
    return key === null ? [] : [{ file, key }]
  })
  const newestFirst = parts.toSorted((a, b) => b.key.hour - a.key.hour)
  const byPartition = new Map<string, typeof parts>()
  for (const part of newestFirst) {
    const partition = `${part.key.source}/${part.key.hour}`
    const present = byPartition.get(partition)
    if (present === undefined) byPartition.set(partition, [part])
    else present.push(part)
  }
  return ({ uri, source, hour }) => {
    const digest = uriDigest(uri)
    const exact = source !== null && hour !== null
    const pool = exact ? (byPartition.get(`${source}/${hour}`) ?? []) : newestFirst
    const files: ManifestFile[] = []
    for (const { file, key } of pool) {
      if (source !== null && key.source !== source) continue
      if (hour !== null && key.hour !== hour) continue
      if (shareOf(digest, key.of) !== key.part - 1) continue
      if (files.length === filesPerUri) return { files, cut: true }
      files.push(file)
    }
    return { files, cut: false }
  }
}
