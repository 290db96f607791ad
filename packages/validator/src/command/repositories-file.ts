import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ValidatorError } from '../errors.ts'

const schema = z.record(z.string().max(64), z.string().regex(/^[\w.-]{1,96}\/[\w.-]{1,96}$/))

/** Reads `{"hotkey": "namespace/name", …}`: HuggingFace repositories by hand. @throws ValidatorError BAD_INPUT */
export async function readRepositoriesFile(path: string): Promise<ReadonlyMap<string, string>> {
  try {
    return new Map(Object.entries(schema.parse(JSON.parse(await readFile(path, 'utf8')))))
  } catch (error) {
    throw new ValidatorError('BAD_INPUT', `${path} must be JSON of the form {"hotkey": "namespace/name"}.`, error)
  }
}
