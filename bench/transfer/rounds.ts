import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cost, measure } from './measure.ts'
import type { Client, Work } from './rivals.ts'
import type { Place } from './server.ts'

export interface Result {
  readonly client: string
  /** Median of the rounds; the reason when any of them failed. */
  readonly cost: Cost | null
  readonly wallRange: readonly [number, number]
  readonly problem: string | null
}

export interface Scenario {
  readonly title: string
  readonly work: Omit<Work, 'scratch'>
  readonly clients: readonly Client[]
  readonly rounds: number
  readonly limitMs: number
  /** A place of its own for each run. */
  readonly open: (round: number) => Promise<Place & { stop(): Promise<void> }>
}

/** Runs every client once per round, in turn, so that a busy machine slows all of them alike. */
export async function run(scenario: Scenario, say: (line: string) => void): Promise<readonly Result[]> {
  const costs = new Map<Client, Cost[]>()
  for (let round = 0; round < scenario.rounds; round++) {
    for (const client of rotated(scenario.clients, round)) {
      if (client.missing !== null) continue
      const cost = await runOnce(scenario, client, round)
      const text = cost.failed ?? `${cost.wall.toFixed(2)} s, CPU ${cost.cpu.toFixed(2)} s, ${cost.rssMb.toFixed(0)} MB`
      say(`${scenario.title}, round ${round + 1}, ${client.name}: ${text}`)
      costs.set(client, [...(costs.get(client) ?? []), cost])
    }
  }
  return scenario.clients.map((client) => resultOf(client, costs.get(client) ?? []))
}

async function runOnce(scenario: Scenario, client: Client, round: number): Promise<Cost> {
  const scratch = mkdtempSync(join(tmpdir(), 'sluice-bench-run-'))
  const place = await scenario.open(round)
  try {
    return await measure(client.command(place, { ...scenario.work, scratch }), scenario.limitMs)
  } finally {
    await place.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

function resultOf(client: Client, costs: readonly Cost[]): Result {
  const wallRange = [Math.min(...costs.map((cost) => cost.wall)), Math.max(...costs.map((cost) => cost.wall))] as const
  const problem = client.missing ?? costs.find((cost) => cost.failed !== null)?.failed ?? null
  if (problem !== null) return { client: client.name, cost: null, wallRange, problem }
  const middle = (pick: (cost: Cost) => number): number => median(costs.map(pick))
  const cost: Cost = {
    wall: middle(({ wall }) => wall),
    cpu: middle(({ cpu }) => cpu),
    rssMb: Math.max(...costs.map(({ rssMb }) => rssMb)),
    failed: null,
  }
  return { client: client.name, cost, wallRange, problem }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]]
  return (low + high) / 2
}

const rotated = <T>(items: readonly T[], by: number): readonly T[] => {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
