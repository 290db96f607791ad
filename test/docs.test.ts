import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** What the pages claim about the code: error codes, files, headings. */
const root = fileURLToPath(new URL('..', import.meta.url))
const packages = readdirSync(join(root, 'packages')).filter((name) => {
  return existsSync(join(root, 'packages', name, 'package.json')) && !readJson(name).private
})
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...packages.map((name) => `packages/${name}/README.md`),
]

/** From `export type …ErrorCode =` to the next empty line or export. */
const listPattern = /^export type \w+ErrorCode =([^]*?)\n(?:\n|export )/gm

test('the troubleshooting page has every error code of every package once, and no other', () => {
  const written = codesOnThePage().toSorted()
  expect(new Set(written).size).toBe(written.length)
  expect(written).toEqual(codesInTheCode().toSorted())
})

test('every code of a closed list is used outside its list', () => {
  const texts = packages.flatMap(sourcesOf).map((file) => readFileSync(file, 'utf8'))
  const used = texts.map((text) => text.replace(listPattern, '')).join('\n')
  expect(texts.flatMap(closedLists).filter((code) => !used.includes(`'${code}'`))).toEqual([])
})

test('every link between pages leads to a file and a heading', () => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter((link) => {
        const [path = '', anchor] = link.split('#')
        const file = path === '' ? page : relative(root, join(root, dirname(page), path))
        if (!existsSync(join(root, file))) return true
        return anchor !== undefined && !anchorsOf(file).includes(anchor)
      })
      .map((link) => `${page}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('each place that docs/where.md names is there, and the README leads to it', () => {
  const rows = readFileSync(join(root, 'docs/where.md'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('](../'))
    .map((line) => ({
      file: /\]\(\.\.\/([^)]+)\)/.exec(line)?.[1] ?? '',
      symbols: [...(line.split('|').at(-2) ?? '').matchAll(/`(\w+)`/g)].map(([, symbol = '']) => symbol),
    }))
  expect(rows.length).toBeGreaterThanOrEqual(15)
  const missing = rows.flatMap(({ file, symbols }) => {
    if (symbols.length === 0) return [`${file}: nothing to look for`]
    const text = existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''
    const declared = (symbol: string): RegExp =>
      new RegExp(`^ *(?:export )?(?:(?:async )?function\\*?|const|interface|type|readonly) ?\\*? ?${symbol}\\b`, 'm')
    return symbols.filter((symbol) => !declared(symbol).test(text)).map((symbol) => `${file}: ${symbol}`)
  })
  expect(missing).toEqual([])
  expect(linksOf('README.md')).toContain('docs/where.md')
})

function readJson(name: string): { private?: boolean } {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as { private?: boolean }
}

function sourcesOf(name: string): string[] {
  const entries = readdirSync(join(root, 'packages', name, 'src'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.name.endsWith('.ts')).map((entry) => join(entry.parentPath, entry.name))
}

/** `package CODE` of each closed list `…ErrorCode`, and of codes that stand beside the lists. */
function codesInTheCode(): string[] {
  const found = packages.flatMap((name) => {
    const texts = sourcesOf(name).map((file) => readFileSync(file, 'utf8'))
    return texts.flatMap((text) => [...closedLists(text), ...looseCodes(text)].map((code) => `${name} ${code}`))
  })
  return [...new Set(found)]
}

function closedLists(text: string): string[] {
  return [...text.matchAll(listPattern)].flatMap(([, body = '']) => {
    const table = /^ keyof typeof (\w+)/.exec(body)?.[1]
    if (table === undefined) return [...body.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code)
    const entries = new RegExp(`^const ${table} = \\{\\n([^]*?)\\n\\}`, 'm').exec(text)?.[1] ?? ''
    return [...entries.matchAll(/^ +([A-Z_]+):/gm)].map(([, code = '']) => code)
  })
}

/** `code: 'UNEXPECTED'` and the like, given to what carries no code of its own. */
function looseCodes(text: string): string[] {
  return [...text.matchAll(/\bcode:[^\n]*?'([A-Z]+(?:_[A-Z]+)*)'/g)]
    .map(([, code = '']) => code)
    .filter((code) => !/^E(RR_|[A-Z]+$)/.test(code))
}

/** `package CODE` of each row of the page's tables with the columns code and from. */
function codesOnThePage(): string[] {
  const text = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
  return [...text.matchAll(/^\| `([A-Z_]+)` *\| ([a-z, -]+?) *\|/gm)].flatMap(([, code = '', from = '']) =>
    from.split(', ').map((name) => `${name} ${code}`),
  )
}

function linksOf(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```/gm, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^\w+:/.test(link))
}

/** The anchors that GitHub makes of a page's headings. */
function anchorsOf(file: string): string[] {
  const page = statSync(join(root, file)).isDirectory() ? join(file, 'README.md') : file
  const text = readFileSync(join(root, page), 'utf8').replace(/^```[^]*?^```/gm, '')
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
