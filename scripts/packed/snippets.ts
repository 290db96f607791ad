import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './facts.ts'

/** One TypeScript block of a page: where a reader finds it, and what stands there. */
export interface Snippet {
  readonly where: string
  readonly code: string
}

/**
 * The TypeScript blocks of README.md, of the packages' and of the pages in docs. Those of new-backend.md are files that
 * import each other; test/new-backend builds and runs them.
 */
export function readSnippets(published: readonly string[]): Snippet[] {
  const pages = [
    'README.md',
    ...published.map((name) => `packages/${name.replace('@sluice/', '')}/README.md`),
    ...readdirSync(join(root, 'docs'))
      .filter((file) => file.endsWith('.md') && file !== 'new-backend.md')
      .map((file) => `docs/${file}`),
  ]
  return pages.flatMap((page) => {
    const text = readFileSync(join(root, page), 'utf8')
    return [...text.matchAll(/^```ts\b.*\n([^]*?)^```$/gm)].map((block) => ({
      where: `${page}:${text.slice(0, block.index).split('\n').length + 1}`,
      code: block[1] ?? '',
    }))
  })
}

/** Writes each snippet into a file of its own, named after its place, beside a tsconfig.json as a careful user has it. */
export function writeSnippets(project: string, snippets: readonly Snippet[]): void {
  mkdirSync(join(project, 'snippets'))
  for (const { where, code } of snippets) {
    writeFileSync(join(project, 'snippets', `${where.replace(/[/:]/g, '_')}.ts`), code)
  }
  const compilerOptions = {
    strict: true,
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable', 'DOM'],
    module: 'NodeNext',
    types: ['node'],
    noEmit: true,
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['snippets'] }))
}
