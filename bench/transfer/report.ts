import Table from 'cli-table3'
import { curl, libStorage, ours, oursPlain } from './rivals.ts'
import type { Result } from './rounds.ts'

/** What the last line of `--json` says. Ratios below 1 are in our favour; null when a side did not run. */
export interface Summary {
  readonly plain_wall_vs_curl: number | null
  readonly wall_vs_lib_storage: number | null
  readonly cpu_vs_lib_storage: number | null
  readonly rss_mb: number | null
  readonly small_wall_vs_best: number | null
  readonly small_wall_vs_curl: number | null
  readonly sparse_rss_mb: number | null
  readonly rivals: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

export function tableOf(results: readonly Result[]): string {
  const table = new Table({ head: ['client', 'wall s', 'range', 'CPU s', 'peak MB'], style: { head: [], border: [] } })
  for (const { client, cost, wallRange, problem } of results) {
    const figures =
      cost === null
        ? [problem ?? '', '', '', '']
        : [
            cost.wall.toFixed(2),
            wallRange.map((s) => s.toFixed(2)).join('-'),
            cost.cpu.toFixed(2),
            cost.rssMb.toFixed(0),
          ]
    table.push([client, ...figures])
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
  const mine: readonly string[] = [ours.name, oursPlain.name]
  const others = (results.get('many') ?? []).filter(({ client }) => !mine.includes(client) && client !== curl.name)
  const best = Math.min(...others.map(({ cost }) => cost?.wall ?? Infinity))
  const small = costOf('many', ours.name)
  const peak = (scenario: string): number | null => {
    const costs = mine.map((name) => costOf(scenario, name)?.rssMb ?? 0)
    return Math.max(...costs) === 0 ? null : Math.round(Math.max(...costs))
  }
  return {
    plain_wall_vs_curl: ratio('file', oursPlain.name, curl.name, 'wall'),
    wall_vs_lib_storage: ratio('file', ours.name, libStorage.name, 'wall'),
    cpu_vs_lib_storage: ratio('file', ours.name, libStorage.name, 'cpu'),
    rss_mb: Math.max(peak('file') ?? 0, peak('sparse') ?? 0) || null,
    small_wall_vs_best: small === null || best === Infinity ? null : rounded(small.wall / best),
    small_wall_vs_curl: ratio('many', ours.name, curl.name, 'wall'),
    sparse_rss_mb: peak('sparse'),
    rivals: rivalsOf(results),
  }
}

function rivalsOf(results: ReadonlyMap<string, readonly Result[]>): Summary['rivals'] {
  const rivals: Record<string, Record<string, unknown>> = {}
  for (const [scenario, list] of results) {
    for (const { client, cost, problem } of list) {
      const figures = cost && { wall: rounded(cost.wall), cpu: rounded(cost.cpu), rss_mb: Math.round(cost.rssMb) }
      rivals[client] = { ...rivals[client], [scenario]: figures ?? problem }
    }
  }
  return rivals
}

export function ratiosOf(summary: Summary): string {
  return Object.entries(summary)
    .filter(([name]) => name !== 'rivals')
    .map(([name, value]) => `${name}: ${String(value ?? 'not measured')}`)
    .join('\n')
}

const rounded = (value: number): number => Number(value.toFixed(3))
