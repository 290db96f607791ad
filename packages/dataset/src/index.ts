export { createFieldEncoding } from './encoding/fields.ts'
export type { EncodingKeyName, FieldEncoding } from './encoding/fields.ts'
export { DatasetError } from './errors.ts'
export type { DatasetErrorCode } from './errors.ts'
export {
  isSafePath,
  MANIFEST_KEY,
  parsePartKey,
  partKey,
  shareCount,
  shareOf,
  sourceName,
  timeBucketId,
  uriDigest,
} from './keys.ts'
export type { PartKey } from './keys.ts'
export { lookupUris } from './read/lookup.ts'
export type { LookupOptions, LookupResult } from './read/lookup.ts'
export { MAX_FORMER_MANIFEST_BYTES, MAX_MANIFEST_BYTES, openManifest, sealManifest } from './manifest/manifest.ts'
export type { Manifest, ManifestExpectation, ManifestFile } from './manifest/manifest.ts'
export { utcMoment } from './format/utc-moment.ts'
export { PART_TEMPORARY_SUFFIX } from './format/part-file.ts'
export type { ByteReader, ReadLimits, ReadOptions } from './read/read-part.ts'
export { writePart } from './write/write-part.ts'
export type { PartFile, WritePartOptions } from './write/write-part.ts'
export type { DataRow } from './format/row.ts'
export { readRows } from './read/read-rows.ts'
