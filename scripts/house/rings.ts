/** Who needs whom. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>

/** The groups that need each other in a circle (Tarjan's strongly connected components of more than one). */
export function ringsOf(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const path: string[] = []
  const rings: string[][] = []
  const visit = (node: string): number => {
    const own = order.size
    order.set(node, own)
    path.push(node)
    let low = own
    for (const next of graph.get(node) ?? []) {
      // A node that is done and not on the path belongs to a group that was closed.
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (path.includes(next)) low = Math.min(low, order.get(next) ?? low)
    }
    if (low === own) {
      const group = path.splice(path.indexOf(node))
      if (group.length > 1) rings.push(group)
    }
    return low
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return rings
}
