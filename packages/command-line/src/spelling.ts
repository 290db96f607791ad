const separators = ['.', '-', '_'] as const

/** Every spelling of a name: dots, dashes and underscores are one, as btcli has it. */
export function spellings(name: string): readonly string[] {
  return name
    .split(/[._-]/)
    .reduce<readonly string[]>(
      (starts, part) =>
        starts.length === 0 ? [part] : starts.flatMap((start) => separators.map((mark) => `${start}${mark}${part}`)),
      [],
    )
}

/** The known word that was probably meant, or null. */
export function nearest(word: string, known: readonly string[]): string | null {
  const near = known
    .map((candidate) => ({ candidate, distance: distanceOf(word, candidate) }))
    .filter(({ distance, candidate }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.candidate ?? null
}

/** Letters to add, drop, change or swap with their neighbour. */
function distanceOf(from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const plain = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost)
      next.push(swapped ? Math.min(plain, (before[j - 2] ?? 0) + 1) : plain)
    }
    before = row
    row = next
  }
  return row[to.length] ?? 0
}
