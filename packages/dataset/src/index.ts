export { createFieldEncoding } from './encoding.ts'
export type { EncodingKeyName, FieldEncoding } from './encoding.ts'
export { DatasetError } from './errors.ts'
export type { DatasetErrorCode } from './errors.ts'
export { publicKeyOfHotkey } from './hotkey.ts'
export {
  hotkeyPrefix,
  isSafePath,
  MANIFEST_KEY,
  parsePartKey,
  partKey,
  repositoryName,
  shareCount,
  shareOf,
  sourceName,
  timeBucketId,
  uriDigest,
} from './keys.ts'
export type { PartKey } from './keys.ts'
export { lookupUris } from './lookup.ts'
export type { LookupOptions, LookupResult } from './lookup.ts'
export { MAX_MANIFEST_BYTES, openManifest, sealManifest } from './manifest.ts'
export type { Manifest, ManifestExpectation, ManifestFile, ManifestSigner } from './manifest.ts'
export { utcMoment } from './moment.ts'
export { PART_TEMPORARY_SUFFIX } from './part-file.ts'
export type { ByteReader, ReadLimits, ReadOptions } from './part-reader.ts'
export { writePart } from './part-writer.ts'
export type { PartFile, WritePartOptions } from './part-writer.ts'
export type { DataRow } from './row.ts'
export { readRows } from './rows-reader.ts'
