/** Storage per block: a chain of differences, flattened now and then so that reads stay short. */
import { decode, encode } from '../codec/codec.ts'
import type { Entry } from '../pallets/pallet.ts'

const FLATTEN_EVERY = 64

/** Keys are lower-case 0x hex, values raw SCALE; null is a deletion. */
export type Changes = Map<string, Uint8Array | null>
export interface State {
  raw(key: string): Uint8Array | null
  /** All keys with a prefix, sorted. */
  keys(prefix: string): readonly string[]
  readonly depth: number
  readonly changes: Changes
}

export function createState(parent: State | null, changes: Changes): State {
  const flat = parent === null || parent.depth + 1 >= FLATTEN_EVERY
  const base = flat ? null : parent
  const own: Changes = flat && parent ? new Map([...snapshot(parent), ...changes]) : changes
  const state: State = {
    depth: base ? base.depth + 1 : 0,
    changes: own,
    raw(key) {
      const value = own.get(key)
      return value === undefined ? (base?.raw(key) ?? null) : value
    },
    keys: (prefix) =>
      [...collect(state, prefix)]
        .filter(([, value]) => value !== null)
        .map(([key]) => key)
        .sort(),
  }
  parents.set(state, base)
  return state
}
const parents = new WeakMap<State, State | null>()

function collect(state: State, prefix: string): Changes {
  const found: Changes = new Map()
  for (let at: State | null = state; at; at = parents.get(at) ?? null)
    for (const [key, value] of at.changes) if (key.startsWith(prefix) && !found.has(key)) found.set(key, value)
  return found
}
function snapshot(state: State): Changes {
  return new Map([...collect(state, '0x')].filter(([, value]) => value !== null))
}

/** The value of an entry, its fallback when unset; null only for Optional entries. */
export function readEntry<K extends readonly unknown[], V>(
  state: Pick<State, 'raw'>,
  entry: Entry<K, V> & { readonly fallback: V },
  ...keys: K
): V
export function readEntry<K extends readonly unknown[], V>(
  state: Pick<State, 'raw'>,
  entry: Entry<K, V>,
  ...keys: K
): V | null
export function readEntry<K extends readonly unknown[], V>(
  state: Pick<State, 'raw'>,
  entry: Entry<K, V>,
  ...keys: K
): V | null {
  const bytes = state.raw(entry.key(...keys))
  return bytes === null ? entry.fallback : decode(entry.codec, bytes)
}

/** A state being changed: what a block under construction, or one extrinsic within it, writes to. */
export interface Draft {
  raw(key: string): Uint8Array | null
  set<K extends readonly unknown[], V>(entry: Entry<K, V>, keys: K, value: V): void
  setRaw(key: string, value: Uint8Array | null): void
  readonly changes: Changes
}

export function createDraft(base: Pick<State, 'raw'>): Draft {
  const changes: Changes = new Map()
  return {
    changes,
    raw(key) {
      const value = changes.get(key)
      return value === undefined ? base.raw(key) : value
    },
    set: (entry, keys, value) => void changes.set(entry.key(...keys), encode(entry.codec, value)),
    setRaw: (key, value) => void changes.set(key, value),
  }
}

/** Normalises a 0x hex storage key from a client; null when it is none. */
export function storageKey(value: unknown): string | null {
  return typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value) ? value.toLowerCase() : null
}
