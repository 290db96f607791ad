/** What a dataset repository says of itself. */
export interface DatasetCard {
  /** ss58 address. */
  readonly hotkey: string
  readonly netuid: number
  /** Names of the sources, as in the paths: `x`, `reddit`, … */
  readonly sources: readonly string[]
  readonly totalRows: number
  /** ISO 8601; of the oldest and newest row. Null: no rows. */
  readonly startDate: string | null
  readonly endDate: string | null
  /** ISO 8601. */
  readonly updatedAt: string
  /** Most frequent labels. Their text comes from strangers and is escaped. */
  readonly topics?: readonly { readonly topic: string; readonly type: string; readonly count: number }[]
}

/** `stats.json` in the layout of Data Universe, version 2.0.0 (its `huggingface_utils/utils.py`). */
export interface DatasetStats {
  readonly version: '2.0.0'
  readonly data_source: string
  readonly summary: {
    readonly total_rows: number
    readonly last_update_dt: string
    readonly start_dt: string | null
    readonly end_dt: string | null
    readonly update_history: readonly { readonly timestamp: string; readonly count: number }[]
    readonly metadata: { readonly miner_hotkey: string; readonly netuid: number }
  }
  readonly topics: readonly {
    readonly topic: string
    readonly topic_type: string
    readonly total_count: number
    readonly total_percentage: number
  }[]
}
