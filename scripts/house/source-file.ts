import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Node, parseSync, Visitor } from 'oxc-parser'

/** What the rules want to know of one file. */
export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string
  readonly lines: number
  /** Specifiers of all imports and re-exports: those of types, dynamic ones and `import('…')` in a type too. */
  readonly imports: readonly string[]
  /** Has `export *`. */
  readonly exportsAll: boolean
  /** Names `process.env`, in whatever spelling. */
  readonly readsEnvironment: boolean
}

/** @throws Error when the file cannot be read or parsed */
export function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const imports = new Set<string>()
  let exportsAll = false
  let readsEnvironment = false
  new Visitor({
    ImportDeclaration: ({ source, specifiers }) => {
      imports.add(source.value)
      if (source.value !== 'node:process' && source.value !== 'process') return
      readsEnvironment ||= specifiers.some((one) => one.type === 'ImportSpecifier' && isNamed(one.imported, 'env'))
    },
    ExportNamedDeclaration: ({ source }) => {
      if (source) imports.add(source.value)
    },
    ExportAllDeclaration: ({ source }) => {
      imports.add(source.value)
      exportsAll = true
    },
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal' && typeof source.value === 'string') imports.add(source.value)
    },
    TSImportType: ({ source }) => void imports.add(source.value),
    MemberExpression: ({ object, property }) => {
      readsEnvironment ||= isProcess(object) && isNamed(property, 'env')
    },
    VariableDeclarator: ({ id, init }) => {
      if (id.type !== 'ObjectPattern' || init === null || !isProcess(init)) return
      readsEnvironment ||= id.properties.some((one) => one.type === 'Property' && isNamed(one.key, 'env'))
    },
  }).visit(program)
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return { path, lines, imports: [...imports], exportsAll, readsEnvironment }
}

/** `process` itself, or as a property of whatever. */
function isProcess(node: Node): boolean {
  return isNamed(node.type === 'MemberExpression' ? node.property : node, 'process')
}

/** `name` or `'name'`, as an identifier or between brackets. */
function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' ? node.name === name : node.type === 'Literal' && node.value === name
}
