import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDirectoryBackend } from '../src/directory/backend.ts'
import { describeBackend } from '../src/port/contract.ts'
import { codeOf, listAll, objectOf, putAll, readKey } from '../src/port/contract-calls.ts'

describeBackend('directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'sluice-directory-'))
  return {
    backend: createDirectoryBackend({ root: join(root, 'made/by/it') }),
    close: () => rm(root, { recursive: true, force: true }),
  }
})

describe('directory', () => {
  let base: string
  let root: string
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'sluice-directory-'))
    root = join(base, 'root')
    await mkdir(root)
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  test('follows no symbolic link, neither as file nor as folder', async () => {
    const outside = join(base, 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'secret'), 'secret')
    await symlink(outside, join(root, 'folder'))
    await symlink(join(outside, 'secret'), join(root, 'file'))
    const backend = createDirectoryBackend({ root })
    expect(await codeOf(backend.open('folder/secret'))).toBe('BAD_KEY')
    expect(await codeOf(backend.stat('folder/secret'))).toBe('BAD_KEY')
    expect(await codeOf(backend.delete(['folder/secret']))).toBe('BAD_KEY')
    expect(await codeOf(listAll(backend, 'folder/'))).toBe('BAD_KEY')
    expect(await codeOf(backend.open('file'))).toBe('BAD_KEY')
    expect(await putAll(backend, [objectOf('folder/new', 'x')])).toMatchObject([
      { ok: false, error: { code: 'BAD_KEY' } },
    ])
    expect(await listAll(backend, '')).toEqual([])
    expect(await readdir(outside)).toEqual(['secret'])
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret')
  })

  test('a file where a folder is needed is a clear conflict', async () => {
    const backend = createDirectoryBackend({ root })
    await putAll(backend, [objectOf('a', 'x')])
    expect(await putAll(backend, [objectOf('a/b', 'y')])).toMatchObject([
      { ok: false, error: { code: 'CONFLICT', retryable: false } },
    ])
    await putAll(backend, [objectOf('c/d', 'x')])
    expect(await putAll(backend, [objectOf('c', 'y')])).toMatchObject([{ ok: false, error: { code: 'CONFLICT' } }])
    expect((await readKey(backend, 'a'))?.toString()).toBe('x')
    expect((await readKey(backend, 'c/d'))?.toString()).toBe('x')
  })

  test('a source that changes while it is read is refused and the old object stays', async () => {
    const backend = createDirectoryBackend({ root })
    await putAll(backend, [objectOf('kept', 'old')])
    const path = join(base, 'source')
    await writeFile(path, 'grown content')
    const announced = { ...objectOf('kept', 'grown'), source: { path } }
    expect(await putAll(backend, [announced])).toMatchObject([
      { ok: false, error: { code: 'SOURCE_CHANGED', retryable: false } },
    ])
    expect((await readKey(backend, 'kept'))?.toString()).toBe('old')
    expect(await readdir(join(root, '.sluice-incoming'))).toEqual([])
  })

  test('stat tells the hash of what is on the disk now', async () => {
    const backend = createDirectoryBackend({ root })
    const object = objectOf('rotten', 'good')
    await putAll(backend, [object])
    await writeFile(join(root, 'rotten'), 'goob')
    expect((await backend.stat('rotten'))?.sha256).not.toBe(object.sha256)
    expect(await putAll(backend, [object])).toMatchObject([{ ok: true }])
    expect((await readKey(backend, 'rotten'))?.toString()).toBe('good')
  })

  test('an object deleted while a listing runs is left out of it', async () => {
    const backend = createDirectoryBackend({ root })
    await putAll(backend, [objectOf('a', '1'), objectOf('b', '2'), objectOf('c', '3')])
    const seen: string[] = []
    for await (const { key } of backend.list('')) {
      seen.push(key)
      await backend.delete(['b'])
    }
    expect(seen).toEqual(['a', 'c'])
  })

  test('what a killed process left half written is removed after a day, not what another one writes now', async () => {
    const aside = join(root, '.sluice-incoming')
    await mkdir(aside)
    await writeFile(join(aside, 'old'), 'half')
    await writeFile(join(aside, 'new'), 'half')
    await utimes(join(aside, 'old'), 1_000_000, 1_000_000)
    await utimes(join(aside, 'new'), 1_086_400, 1_086_400)
    const now = (): number => 1_086_401_000
    expect(await putAll(createDirectoryBackend({ root, now }), [objectOf('a', '1')])).toMatchObject([{ ok: true }])
    expect(await readdir(aside)).toEqual(['new'])
  })

  test('its own folder cannot be addressed', async () => {
    const backend = createDirectoryBackend({ root })
    expect(await codeOf(backend.stat('.sluice-incoming/x'))).toBe('BAD_KEY')
  })

  test('a disk that takes no more is NO_SPACE, leaves no half file and works again later', async () => {
    // RLIMIT_FSIZE (in KiB) makes write() fail with EFBIG in a process of its own, after a part was taken.
    const program = fileURLToPath(new URL('./directory-full.program.ts', import.meta.url))
    const tsx = fileURLToPath(import.meta.resolve('tsx/cli'))
    const command = `ulimit -f 512; trap '' XFSZ; exec "$0" "$1" --conditions=@sluice/source "$2" "$3"`
    const child = spawn('bash', ['-c', command, process.execPath, tsx, program, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    for await (const chunk of child.stdout) output += String(chunk)
    expect(JSON.parse(output)).toEqual([
      { key: 'small', ok: true },
      { key: 'large', ok: false, code: 'NO_SPACE', retryable: true },
    ])
    const backend = createDirectoryBackend({ root })
    expect((await listAll(backend, '')).map((o) => o.key)).toEqual(['small'])
    expect(await readdir(join(root, '.sluice-incoming'))).toEqual([])
    expect(await putAll(backend, [objectOf('large', new Uint8Array(2_000_000))])).toMatchObject([{ ok: true }])
  })
})
