import type { FieldKind, Profile } from './profiles.ts'

/** One Parquet column of a partition file. */
export interface Column {
  readonly name: string
  readonly kind: FieldKind | 'digest' | 'bytes'
  readonly required: boolean
  /** Statistics on encrypted or free bytes would only make the footer larger. */
  readonly statistics: boolean
}

/** The columns at the head of every row group; `lookupUris` reads these and no others unless told to. */
export const HEAD_COLUMNS: readonly Column[] = [
  { name: 'uri_digest', kind: 'digest', required: true, statistics: true },
  { name: 'datetime', kind: 'text', required: true, statistics: true },
  { name: 'label', kind: 'text', required: false, statistics: true },
  { name: 'content_size_bytes', kind: 'int', required: true, statistics: true },
]

const optional = (name: string, kind: Column['kind'], statistics: boolean): Column => ({
  name,
  kind,
  required: false,
  statistics,
})

/** All columns of a file in their order. */
export function columnsOf(profile: Profile | null, encoded: boolean): readonly Column[] {
  const fields = (profile?.fields ?? []).filter((field) => !(encoded && field.identifying))
  const named = profile !== null
  const tail: Column[] = encoded
    ? [
        ...(named ? [optional('username_encoded', 'text', false)] : []),
        { name: 'url_encoded', kind: 'text', required: true, statistics: false },
        ...(named ? [optional('details_encoded', 'text', false)] : []),
        optional('content_encoded', 'text', false),
      ]
    : [
        ...(named ? [optional('username', 'text', true)] : []),
        { name: 'uri', kind: 'text', required: true, statistics: true },
        optional('content', 'bytes', false),
      ]
  return [...HEAD_COLUMNS, ...fields.map((field) => optional(field.column, field.kind, true)), ...tail]
}
