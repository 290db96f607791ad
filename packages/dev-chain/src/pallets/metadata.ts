/** Metadata V14 and V15 from the runtime's own declarations (layout: frame-metadata crate). */
import { stringToU8a } from '@polkadot/util'
import { type Definition, type Described, encode, type Params, PRIMITIVES, struct } from '../codec/codec.ts'
import type { ApiDescription } from './described.ts'
import { extensions, extrinsicType } from '../block/extrinsic.ts'
import type { Entry, Pallet } from './pallet.ts'
import { multiAddress, multiSignature } from '../codec/primitives.ts'
import type { Runtime } from './runtime.ts'
import { writeCompact } from '../codec/scale.ts'

const EXTRINSIC_VERSION = 4
const HASHERS = ['Blake2_128', 'Blake2_256', 'Blake2_128Concat', 'Twox128', 'Twox256', 'Twox64Concat', 'Identity']

/** A growing list of bytes with the few shapes that metadata is made of. */
function createWriter() {
  const out: number[] = []
  const count = (value: number): void => writeCompact(BigInt(value), out)
  const text = (value: string): void => {
    const bytes = stringToU8a(value)
    count(bytes.length)
    out.push(...bytes)
  }
  const list = <T>(items: readonly T[], each: (item: T) => void): void => {
    count(items.length)
    items.forEach(each)
  }
  const maybe = <T>(value: T | null, each: (value: T) => void): void => {
    out.push(value === null ? 0 : 1)
    if (value !== null) each(value)
  }
  const blob = (bytes: Uint8Array): void => {
    count(bytes.length)
    for (const byte of bytes) out.push(byte)
  }
  return { out, count, text, list, maybe, blob, noDocs: () => count(0) }
}
type Writer = ReturnType<typeof createWriter>

/** Numbers every type once: named types by identity, anonymous ones by structure. */
function createTypeTable() {
  const ids = new Map<unknown, number>()
  const entries: (readonly [id: number, def: Definition])[] = []
  const identity = (def: Definition): unknown => {
    if (def.kind === 'primitive') return def.name
    if (def.kind === 'tuple') return `(${def.of.map(id).join()})`
    if (def.kind === 'array') return `[${id(def.of)};${def.length}]`
    if (def.kind === 'sequence' || def.kind === 'compact') return `${def.kind}<${id(def.of)}>`
    return def
  }
  function id(type: Described): number {
    const key = identity(type.def)
    const known = ids.get(key)
    if (known !== undefined) return known
    const next = ids.size
    ids.set(key, next)
    entries.push([next, type.def])
    return next
  }
  /** Writes types until none is new: describing one may number others. */
  const describeAll = (): Uint8Array[] => {
    const blobs: Uint8Array[] = []
    for (let index = 0; index < entries.length; index += 1) {
      const [number, def] = entries[index] as (typeof entries)[number]
      const writer = createWriter()
      writer.count(number)
      writeType(writer, def, id)
      blobs.push(Uint8Array.from(writer.out))
    }
    return blobs
  }
  return { id, describeAll }
}

function writeType(w: Writer, def: Definition, id: (type: Described) => number): void {
  const named = def.kind === 'composite' || def.kind === 'variant'
  w.list(named && def.path ? def.path.split('::') : [], w.text)
  const params: Params = named ? def.params : {}
  w.list(Object.entries(params), ([name, type]) => {
    w.text(name)
    w.maybe(type, (type) => w.count(id(type)))
  })
  const fields = (list: readonly { name: string | null; type: Described }[]): void =>
    w.list(list, (field) => {
      w.maybe(field.name, w.text)
      w.count(id(field.type))
      w.maybe(null, w.text)
      w.noDocs()
    })
  switch (def.kind) {
    case 'composite':
      w.out.push(0)
      fields(def.fields)
      break
    case 'variant':
      w.out.push(1)
      w.list(def.variants, (variant) => {
        w.text(variant.name)
        fields(variant.fields)
        w.out.push(variant.index)
        w.noDocs()
      })
      break
    case 'sequence':
      w.out.push(2)
      w.count(id(def.of))
      break
    case 'array':
      w.out.push(3, def.length & 255, (def.length >> 8) & 255, 0, 0)
      w.count(id(def.of))
      break
    case 'tuple':
      w.out.push(4)
      w.list(def.of, (type) => w.count(id(type)))
      break
    case 'primitive':
      w.out.push(5, PRIMITIVES.indexOf(def.name))
      break
    case 'compact':
      w.out.push(6)
      w.count(id(def.of))
      break
  }
  w.noDocs()
}

function writeEntry(w: Writer, entry: Entry<readonly unknown[], unknown>, id: (type: Described) => number): void {
  w.text(entry.name)
  w.out.push(entry.fallback === null ? 0 : 1)
  const [first] = entry.keyCodecs
  if (first === undefined) w.out.push(0)
  else {
    w.out.push(1)
    w.list(entry.hashers, (hasher) => void w.out.push(HASHERS.indexOf(hasher)))
    w.count(id(entry.keyCodecs.length === 1 ? first : { def: { kind: 'tuple', of: entry.keyCodecs } }))
  }
  w.count(id(entry.codec))
  w.blob(entry.fallback === null ? Uint8Array.of(0) : encode(entry.codec, entry.fallback))
  w.noDocs()
}

function innerType(outer: Runtime['call'], pallet: string): Described | null {
  const found = outer.def.kind === 'variant' ? outer.def.variants.find((one) => one.name === pallet) : undefined
  return found?.fields[0]?.type ?? null
}

/** The metadata blob that `state_getMetadata` (V14) or `Metadata_metadata_at_version` (V15) returns, "meta" first. */
export function buildMetadata(runtime: Runtime, version: 14 | 15, apis: readonly ApiDescription[]): Uint8Array {
  const { id, describeAll } = createTypeTable()
  const w = createWriter()
  const pallet = (one: Pallet): void => {
    w.text(one.name)
    w.maybe(one.storage.length > 0 ? one.storage : null, (storage) => {
      w.text(one.name)
      w.list(storage, (entry) => writeEntry(w, entry, id))
    })
    const inner = (type: Described | null): void => w.maybe(type, (type) => w.count(id(type)))
    inner(innerType(runtime.call, one.name))
    inner(innerType(runtime.event, one.name))
    w.list(one.constants, (constant) => {
      w.text(constant.name)
      w.count(id(constant.type))
      w.blob(encode(constant.type, constant.value))
      w.noDocs()
    })
    inner(innerType(runtime.error, one.name))
    w.out.push(one.index)
    if (version === 15) w.noDocs()
  }
  w.list(runtime.pallets, pallet)

  const list = extensions(runtime.kind)
  if (version === 14) {
    w.count(id(extrinsicType(runtime)))
    w.out.push(EXTRINSIC_VERSION)
  } else {
    const extra: Described = { def: { kind: 'tuple', of: list.map((one) => one.type) } }
    w.out.push(EXTRINSIC_VERSION)
    for (const type of [multiAddress, runtime.call, multiSignature, extra]) w.count(id(type))
  }
  w.list(list, (one) => {
    w.text(one.name)
    w.count(id(one.type))
    w.count(id(one.implicit))
  })
  w.count(id(struct('node_subtensor_runtime::Runtime', {})))
  if (version === 15) {
    w.list(apis, (api) => {
      w.text(api.name)
      w.list(api.methods, (method) => {
        w.text(method.name)
        w.list(Object.entries(method.inputs), ([name, type]) => {
          w.text(name)
          w.count(id(type))
        })
        w.count(id(method.output))
        w.noDocs()
      })
      w.noDocs()
    })
    for (const type of [runtime.call, runtime.event, runtime.error]) w.count(id(type))
    w.count(0)
  }

  const head = createWriter()
  head.out.push(0x6d, 0x65, 0x74, 0x61, version)
  const types = describeAll()
  head.count(types.length)
  return Uint8Array.from([...head.out, ...types.flatMap((bytes) => [...bytes]), ...w.out])
}
