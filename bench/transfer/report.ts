import Table from 'cli-table3'
import { curl, curlParts, libStorage, ours, oursPlain } from './rivals.ts'
import type { Result } from './rounds.ts'

/** What the last line of `--json` says. Ratios below 1 are in our favour; null when a side did not run. */
export interface Summary {
  /** Against curl sending the same bytes as 64 objects, which costs the store less. */
  readonly plain_wall_vs_curl: number | null
  /** Against curl doing the same: one object in parts. */
  readonly plain_wall_vs_curl_parts: number | null
  readonly wall_vs_lib_storage: number | null
  readonly cpu_vs_lib_storage: number | null
  /** The most of all our runs, MB (10^6). */
  readonly rss_mb: number | null
  /** Against the fastest that is not curl. */
  readonly small_wall_vs_best: number | null
  readonly small_wall_vs_curl: number | null
  /** By client and scenario, ours among them: its figures with ours divided by them, or why there are none. */
  readonly rivals: Readonly<Record<string, Readonly<Record<string, Figures | string>>>>
}

interface Figures {
  readonly wall: number
  readonly cpu: number
  readonly rss_mb: number
  readonly our_wall_vs_it: number | null
  readonly our_cpu_vs_it: number | null
}

const mine: readonly string[] = [ours.name, oursPlain.name]

export function tableOf(results: readonly Result[]): string {
  const head = ['client', 'wall s', 'range', 'CPU s', 'peak MB', 'our wall / its', 'our CPU / its']
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const result of results) {
    const { client, cost, wallRange, problem } = result
    if (cost === null) {
      table.push([client, { colSpan: 6, content: problem ?? '' }])
      continue
    }
    const range = wallRange.map((seconds) => seconds.toFixed(2)).join('-')
    const { our_wall_vs_it: wall, our_cpu_vs_it: cpu } = figuresOf(result, results) ?? {}
    const figures = [cost.wall.toFixed(2), range, cost.cpu.toFixed(2), cost.rssMb.toFixed(0)]
    table.push([client, ...figures, wall?.toFixed(2) ?? '', cpu?.toFixed(2) ?? ''])
  }
  return table.toString()
}

export function summaryOf(results: ReadonlyMap<string, readonly Result[]>): Summary {
  const costOf = (scenario: string, client: string) =>
    results.get(scenario)?.find((result) => result.client === client)?.cost ?? null
  const ratio = (scenario: string, a: string, b: string, what: 'wall' | 'cpu'): number | null => {
    const [first, second] = [costOf(scenario, a), costOf(scenario, b)]
    return first === null || second === null ? null : rounded(first[what] / second[what])
  }
  const others = (results.get('many') ?? []).filter(({ client }) => !mine.includes(client) && client !== curl.name)
  const best = Math.min(...others.map(({ cost }) => cost?.wall ?? Infinity))
  const small = costOf('many', ours.name)
  const peaks = [...results.values()].flat().filter(({ client }) => mine.includes(client))
  const rss = Math.round(Math.max(0, ...peaks.map(({ cost }) => cost?.rssMb ?? 0)))
  return {
    plain_wall_vs_curl: ratio('file', oursPlain.name, curl.name, 'wall'),
    plain_wall_vs_curl_parts: ratio('file', oursPlain.name, curlParts.name, 'wall'),
    wall_vs_lib_storage: ratio('file', ours.name, libStorage.name, 'wall'),
    cpu_vs_lib_storage: ratio('file', ours.name, libStorage.name, 'cpu'),
    rss_mb: rss === 0 ? null : rss,
    small_wall_vs_best: small === null || best === Infinity ? null : rounded(small.wall / best),
    small_wall_vs_curl: ratio('many', ours.name, curl.name, 'wall'),
    rivals: rivalsOf(results),
  }
}

function rivalsOf(results: ReadonlyMap<string, readonly Result[]>): Summary['rivals'] {
  const rivals: Record<string, Record<string, Figures | string>> = {}
  for (const [scenario, list] of results) {
    for (const result of list) {
      const figures = figuresOf(result, list) ?? result.problem ?? ''
      rivals[result.client] = { ...rivals[result.client], [scenario]: figures }
    }
  }
  return rivals
}

/** Null when the client did not run. */
function figuresOf({ client, cost }: Result, all: readonly Result[]): Figures | null {
  if (cost === null) return null
  const own = mine.includes(client) ? null : (all.find((result) => result.client === ours.name)?.cost ?? null)
  return {
    wall: rounded(cost.wall),
    cpu: rounded(cost.cpu),
    rss_mb: Math.round(cost.rssMb),
    our_wall_vs_it: own === null ? null : rounded(own.wall / cost.wall),
    our_cpu_vs_it: own === null ? null : rounded(own.cpu / cost.cpu),
  }
}

export function ratiosOf(summary: Summary): string {
  return Object.entries(summary)
    .filter(([name]) => name !== 'rivals')
    .map(([name, value]) => `${name}: ${String(value ?? 'not measured')}`)
    .join('\n')
}

const rounded = (value: number): number => Number(value.toFixed(3))
