/**
 * SCALE codecs that also describe themselves, so that one declaration gives the bytes and the metadata.
 * Written independently of the client library, which then acts as a second opinion in the tests.
 */
import {
  createSource,
  DecodeError,
  littleEndian,
  pushLittleEndian,
  readCompact,
  type Source,
  writeCompact,
} from './scale.ts'

/** Shape of a type as metadata prints it (scale-info). */
export type Definition =
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'sequence'; readonly of: Described }
  | { readonly kind: 'array'; readonly of: Described; readonly length: number }
  | { readonly kind: 'tuple'; readonly of: readonly Described[] }
  | { readonly kind: 'compact'; readonly of: Described }
  | { readonly kind: 'composite'; readonly path: string; readonly params: Params; readonly fields: readonly Field[] }
  | { readonly kind: 'variant'; readonly path: string; readonly params: Params; readonly variants: readonly Variant[] }

/** Names in the order of scale-info's primitive enum (the position is the encoded index). */
export const PRIMITIVES = [
  'Bool',
  'Char',
  'Str',
  'U8',
  'U16',
  'U32',
  'U64',
  'U128',
  'U256',
  'I8',
  'I16',
  'I32',
  'I64',
  'I128',
] as const
type Primitive = (typeof PRIMITIVES)[number]

export interface Described {
  readonly def: Definition
}
/** Generic parameters; null where the runtime prints none. */
export type Params = Readonly<Record<string, Described | null>>
interface Field {
  readonly name: string | null
  readonly type: Described
}
interface Variant {
  readonly name: string
  readonly index: number
  readonly fields: readonly Field[]
}
export interface Codec<T> extends Described {
  write(this: void, value: T, out: number[]): void
  read(this: void, input: Source): T
}
type ValueOf<C> = C extends Codec<infer T> ? T : never

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const out: number[] = []
  codec.write(value, out)
  return Uint8Array.from(out)
}

/** Decodes one value and demands that nothing follows it. Throws DecodeError. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const source = createSource(bytes)
  const value = codec.read(source)
  if (source.left > 0) throw new DecodeError(`${source.left} bytes after the value`)
  return value
}

function small(name: Primitive, bytes: number): Codec<number> {
  return {
    def: { kind: 'primitive', name },
    write: (value, out) => pushLittleEndian(BigInt(value), bytes, out),
    read: (input) => Number(littleEndian(input.take(bytes))),
  }
}
function big(name: Primitive, bytes: number): Codec<bigint> {
  return {
    def: { kind: 'primitive', name },
    write: (value, out) => pushLittleEndian(value, bytes, out),
    read: (input) => littleEndian(input.take(bytes)),
  }
}
export const u8: Codec<number> = small('U8', 1)
export const u16: Codec<number> = small('U16', 2)
export const u32: Codec<number> = small('U32', 4)
export const u64: Codec<bigint> = big('U64', 8)
export const u128: Codec<bigint> = big('U128', 16)
export const i128: Codec<bigint> = big('I128', 16)
export const bool: Codec<boolean> = {
  def: { kind: 'primitive', name: 'Bool' },
  write: (value, out) => void out.push(value ? 1 : 0),
  read(input) {
    const byte = input.take(1)[0] ?? 0
    if (byte > 1) throw new DecodeError(`${byte} is not a bool`)
    return byte === 1
  },
}

export function compact(of: Codec<number>): Codec<number>
export function compact(of: Codec<bigint>): Codec<bigint>
export function compact(of: Codec<number> | Codec<bigint>): Codec<number> | Codec<bigint> {
  const def: Definition = { kind: 'compact', of }
  const wide = of === u64 || of === u128
  const codec: Codec<number | bigint> = {
    def,
    write: (value, out) => writeCompact(BigInt(value), out),
    read: (input) => (wide ? readCompact(input) : Number(readCompact(input))),
  }
  return codec as Codec<bigint>
}

/** [u8; length] */
export function fixed(length: number): Codec<Uint8Array> {
  return {
    def: { kind: 'array', of: u8, length },
    write: (value, out) => void out.push(...value.subarray(0, length)),
    read: (input) => Uint8Array.from(input.take(length)),
  }
}

export const str: Codec<string> = {
  def: { kind: 'primitive', name: 'Str' },
  write: (value, out) => byteVec().write(new TextEncoder().encode(value), out),
  read: (input) => new TextDecoder().decode(byteVec().read(input)),
}

/** Vec<u8>; longer than `max` is refused when read, as BoundedVec does. */
export function byteVec(max: number = Number.POSITIVE_INFINITY): Codec<Uint8Array> {
  return {
    def: { kind: 'sequence', of: u8 },
    write(value, out) {
      writeCompact(BigInt(value.length), out)
      for (const byte of value) out.push(byte)
    },
    read(input) {
      const length = Number(readCompact(input))
      if (length > max) throw new DecodeError(`${length} bytes, at most ${max} are allowed`)
      return Uint8Array.from(input.take(length))
    },
  }
}

export function vec<T>(of: Codec<T>, max: number = Number.POSITIVE_INFINITY): Codec<readonly T[]> {
  return {
    def: { kind: 'sequence', of },
    write(value, out) {
      writeCompact(BigInt(value.length), out)
      for (const item of value) of.write(item, out)
    },
    read(input) {
      const length = Number(readCompact(input))
      if (length > max) throw new DecodeError(`${length} items, at most ${max} are allowed`)
      if (length > input.left) throw new DecodeError(`${length} items announced, ${input.left} bytes left`)
      return Array.from({ length }, () => of.read(input))
    },
  }
}

export function tuple<C extends readonly Codec<unknown>[]>(
  ...of: C
): Codec<{ readonly [K in keyof C]: ValueOf<C[K]> }> {
  return {
    def: { kind: 'tuple', of },
    write: (value, out) => of.forEach((codec, index) => codec.write(value[index], out)),
    read: (input) => of.map((codec) => codec.read(input)) as { [K in keyof C]: ValueOf<C[K]> },
  }
}

export function option<T>(of: Codec<T>): Codec<T | null> {
  const variants = [
    { name: 'None', index: 0, fields: [] },
    { name: 'Some', index: 1, fields: [{ name: null, type: of }] },
  ]
  return {
    def: { kind: 'variant', path: 'Option', params: { T: of }, variants },
    write(value, out) {
      out.push(value === null ? 0 : 1)
      if (value !== null) of.write(value, out)
    },
    read: (input) => (bool.read(input) ? of.read(input) : null),
  }
}

/** A named wrapper around one unnamed field: same bytes, own path. */
export function wrap<T>(path: string, of: Codec<T>, params: Params = {}): Codec<T> {
  const fields = [{ name: null, type: of }]
  return { def: { kind: 'composite', path, params, fields }, write: of.write, read: of.read }
}

export function struct<F extends Readonly<Record<string, Codec<unknown>>>>(
  path: string,
  fields: F,
  params: Params = {},
): Codec<{ readonly [K in keyof F]: ValueOf<F[K]> }> {
  const entries = Object.entries(fields)
  return {
    def: { kind: 'composite', path, params, fields: entries.map(([name, type]) => ({ name, type })) },
    write(value, out) {
      for (const [name, codec] of entries) codec.write(value[name], out)
    },
    read: (input) =>
      Object.fromEntries(entries.map(([name, codec]) => [name, codec.read(input)])) as {
        [K in keyof F]: ValueOf<F[K]>
      },
  }
}

/** One value of an enum: its variant's name and the fields in order. */
export interface Tagged {
  readonly type: string
  readonly values: readonly unknown[]
}
export type VariantList = Readonly<
  Record<string, readonly [index: number, fields?: Readonly<Record<string, Codec<unknown>>>]>
>

/** An enum; a field name that starts with a digit stands for an unnamed field. */
export function variant(path: string, list: VariantList, params: Params = {}): Codec<Tagged> {
  const named = (name: string): string | null => (/^\d/.test(name) ? null : name)
  const cases = Object.entries(list).map(([name, [index, fields]]) => ({
    name,
    index,
    codecs: Object.entries(fields ?? {}),
  }))
  const variants = cases.map(({ name, index, codecs }) => ({
    name,
    index,
    fields: codecs.map(([field, type]) => ({ name: named(field), type })),
  }))
  const byName = new Map(cases.map((one) => [one.name, one]))
  const byIndex = new Map(cases.map((one) => [one.index, one]))
  return {
    def: { kind: 'variant', path, params, variants },
    write(value, out) {
      const found = byName.get(value.type)
      if (!found) throw new TypeError(`${path} has no variant ${value.type}`)
      out.push(found.index)
      found.codecs.forEach(([, codec], index) => codec.write(value.values[index], out))
    },
    read(input) {
      const index = input.take(1)[0] ?? 0
      const found = byIndex.get(index)
      if (!found) throw new DecodeError(`${path} has no variant ${index}`)
      return { type: found.name, values: found.codecs.map(([, codec]) => codec.read(input)) }
    },
  }
}
