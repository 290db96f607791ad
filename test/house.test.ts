import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkHouse } from '../scripts/house/check.ts'
import { ringsOf } from '../scripts/house/rings.ts'
import type { HouseTable } from '../scripts/house/table.ts'

const table: HouseTable = {
  ground: { may: [] },
  net: { may: [] },
  upper: { may: ['ground'], compose: ['net'] },
  'dev-net': null,
}
const page = [
  '| [`ground`](g) | The ground. | nothing |',
  '| [`net`](n) | The net. | nothing |',
  '| [`upper`](u) | Stands on it. | ground; net in `compose.ts` |',
  '| [`dev-net`](d) | For tests. | anything |',
].join('\n')

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-house-'))
  write('docs/architecture.md', page)
  addPackage('ground')
  addPackage('net', [], ['dev-net'])
  addPackage('upper', ['ground', 'net'])
  addPackage('dev-net')
  write('packages/upper/src/compose.ts', "import { net } from '@sluice/net'\nexport const all = net\n")
  write('packages/upper/src/settings.ts', "export const setting = process.env['SLUICE']\n")
  write(
    'packages/upper/src/room/wall.ts',
    "import { ground } from '@sluice/ground'\nexport type Wall = typeof ground\n",
  )
  write('packages/net/test/net.test.ts', "import '@sluice/dev-net'\nimport { net } from '../src/index.ts'\nnet\n")
  write('scripts/run.ts', "import { upper } from '@sluice/upper'\nconst at = process.env['HOME']\nupper(at)\n")
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function addPackage(name: string, dependencies: readonly string[] = [], dev: readonly string[] = []): void {
  const workspace = (names: readonly string[]): object =>
    Object.fromEntries(names.map((one) => [`@sluice/${one}`, 'workspace:*']))
  const manifest = {
    name: `@sluice/${name}`,
    private: name.startsWith('dev-'),
    exports: { '.': { '@sluice/source': './src/index.ts' } },
    dependencies: workspace(dependencies),
    devDependencies: workspace(dev),
  }
  write(`packages/${name}/package.json`, JSON.stringify(manifest))
  const references = dependencies.map((one) => ({ path: `../${one}` }))
  write(`packages/${name}/tsconfig.json`, JSON.stringify({ references }))
  write(`packages/${name}/src/index.ts`, `export const ${name.replace('-', '')} = 1\n`)
}

const problems = (): readonly string[] => checkHouse(root, table).problems

test('a sound tree has no problems, and its figures are counted', () => {
  expect(checkHouse(root, table)).toEqual({
    problems: [],
    packages: 4,
    rings: 0,
    largestFolder: 3, // upper/src
    lines: 9,
    medianLines: 1,
  })
})

test('what is installed, built or hidden is not looked at', () => {
  for (const folder of ['node_modules/a', 'packages/net/dist', 'coverage', '.cache']) {
    write(`${folder}/utils.ts`, "export * from './utils.ts'\n")
  }
  expect(problems()).toEqual([])
})

describe('imports', () => {
  const tooHigh = 'packages/ground/src/wrong.ts: ground must not import net'
  test.each([
    ["import { net } from '@sluice/net'", 'a value'],
    ["import type { Net } from '@sluice/net'", 'a type'],
    ["import '@sluice/net'", 'an effect'],
    ["import { net } from '@sluice/net/deep'", 'an entry'],
    ["export { net } from '@sluice/net'", 'a re-export'],
    ["export const net = await import('@sluice/net')", 'at run time'],
    ["export type Net = import('@sluice/net').Net", 'a type in a type'],
    ["import {\n  net, // from '@sluice/ground'\n} from '@sluice/net'", 'over several lines'],
  ])('%s: %s', (text) => {
    write('packages/ground/src/wrong.ts', `${text}\n`)
    expect(problems()).toEqual([tooHigh])
  })

  test('words in comments and texts are none', () => {
    write(
      'packages/ground/src/right.ts',
      "// import { net } from '@sluice/net'\nexport const a = \"import '@sluice/net'\"\n",
    )
    expect(problems()).toEqual([])
  })

  test('only compose.ts may import what the table says so of', () => {
    write('packages/upper/src/wrong.ts', "import { net } from '@sluice/net'\nexport const a = net\n")
    expect(problems()).toEqual(['packages/upper/src/wrong.ts: only compose.ts of upper may import net'])
  })

  test('a file of another package is not reached by its path', () => {
    write('packages/upper/src/wrong.ts', "export { ground } from '../../ground/src/index.ts'\n")
    expect(problems()).toEqual([
      expect.stringMatching(/^packages\/upper\/src\/wrong.ts: imports .*, outside its own src$/),
    ])
  })
})

describe('packages', () => {
  test('a package that is not in the table', () => {
    addPackage('cellar')
    expect(problems()).toEqual(['packages/cellar is not in the table of scripts/house/table.ts'])
  })

  test('a name in the table that is no package', () => {
    rmSync(join(root, 'packages/ground'), { recursive: true })
    expect(problems()).toContain('the table names ground, which is no package')
  })

  test('a dependency that the table does not have', () => {
    addPackage('ground', ['net'])
    expect(problems()).toEqual(['packages/ground: package.json must not depend on net'])
  })

  test('references that are not the dependencies', () => {
    write('packages/upper/tsconfig.json', '{ "references": [{ "path": "../ground" }] }')
    expect(problems()).toEqual(['packages/upper: tsconfig references [ground], package.json needs [ground,net]'])
  })

  test('a page that says something else', () => {
    write(
      'docs/architecture.md',
      `${page.replace('; net in `compose.ts`', ', net')}\n| [\`attic\`](a) | Is not there. | net |`,
    )
    expect(problems()).toEqual([
      'docs/architecture.md: the row of upper has to end with “ground; net in `compose.ts`”',
      'docs/architecture.md: attic is not in the table',
    ])
  })
})

describe('rings', () => {
  test('of files by types alone', () => {
    write('packages/net/src/a.ts', "import type { B } from './b.ts'\nexport type A = B\n")
    write('packages/net/src/b.ts', "export type B = import('./a.ts').A\n")
    expect(checkHouse(root, table)).toMatchObject({
      problems: ['ring of files: packages/net/src/a.ts, packages/net/src/b.ts'],
      rings: 1,
    })
  })

  test('of packages by a dev dependency', () => {
    addPackage('dev-net', ['net'])
    expect(problems()).toEqual(['ring of packages: dev-net, net'])
  })

  test('of packages by the path that a test takes', () => {
    write('packages/ground/test/ground.test.ts', "import '../../upper/src/compose.ts'\n")
    expect(problems()).toEqual(['ring of packages: ground, upper'])
  })

  test('of top folders', () => {
    write('bench/run.ts', "import '../scripts/run.ts'\n")
    write('scripts/again.ts', "import '../bench/run.ts'\n")
    expect(problems()).toEqual(['ring of packages: bench, scripts'])
  })

  test('are found apart, whole and once, and no diamond is one', () => {
    const graph = { a: 'bc', b: 'd', c: 'd', d: '', e: 'fa', f: 'g', g: 'eh', h: 'ih', i: 'h' }
    const edges = Object.entries(graph).map(([node, next]) => [node, new Set(next)] as const)
    expect(ringsOf(new Map(edges)).map((ring) => ring.sort().join(''))).toEqual(['hi', 'efg'])
  })
})

describe('files and folders', () => {
  test('two folders below src', () => {
    write('packages/net/src/room/corner/chair.ts', 'export const chair = 1\n')
    expect(problems()).toEqual(['packages/net/src/room/corner/chair.ts: more than one folder below src'])
  })

  test.each([
    'src/utils.ts',
    'src/util/list.ts',
    'src/room/helpers.ts',
    'test/common.ts',
    'src/types.ts',
    'src/constants.ts',
  ])('the name %s', (path) => {
    write(`packages/net/${path}`, 'export const a = 1\n')
    expect(problems()).toEqual([`packages/net/${path}: the name says nothing of the file's job`])
  })

  test('export *', () => {
    write('packages/net/src/all.ts', "export * from './index.ts'\n")
    expect(problems()).toEqual(['packages/net/src/all.ts: export * hides what is public; list the names'])
  })

  test('300 lines are few enough, 301 are not, in tests too', () => {
    write('packages/net/test/long.ts', '//\n'.repeat(300))
    write('packages/net/test/longer.ts', '//\n'.repeat(301))
    expect(problems()).toEqual(['packages/net/test/longer.ts: 301 lines, more than 300'])
  })

  test.each([
    'const a = process.env.HOME',
    "const a = process['env']",
    'const a = globalThis.process.env',
    "import { env } from 'node:process'",
    "import { env as all } from 'process'",
    'const { env } = process',
    'const { env: all } = globalThis.process',
  ])('the environment outside settings.ts: %s', (text) => {
    write('packages/net/src/wrong.ts', `${text}\n`)
    expect(problems()).toEqual(['packages/net/src/wrong.ts: only settings.ts reads the environment'])
  })

  test('24 files in a folder of a published package, and as many as it likes in a private one', () => {
    for (let index = 1; index < 24; index += 1) {
      write(`packages/net/test/file-${index}.ts`, '')
      write(`packages/dev-net/src/file-${index}.ts`, '')
    }
    write('packages/dev-net/src/one-more.ts', '')
    expect(checkHouse(root, table)).toMatchObject({ problems: [], largestFolder: 24 })
    write('packages/net/test/one-more.ts', '')
    expect(problems()).toEqual(['packages/net/test: 25 files, more than 24'])
  })

  test('a tree of long files', () => {
    for (const name of ['ground', 'net', 'upper', 'dev-net']) write(`packages/${name}/src/long.ts`, '//\n'.repeat(121))
    for (const path of ['upper/src/compose', 'upper/src/settings', 'upper/src/room/wall'])
      rmSync(join(root, `packages/${path}.ts`))
    expect(problems()).toEqual(['half of the files have more than 120 lines: 121'])
  })

  test('a file that is no TypeScript is named', () => {
    write('packages/net/src/broken.ts', 'export const = 1\n')
    expect(problems).toThrow(/^packages\/net\/src\/broken.ts: /)
  })
})
