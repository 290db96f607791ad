import { whoAmI } from '@huggingface/hub'
import { z } from 'zod'

import { throwIfAborted } from './content.ts'
import { hubError } from './huggingface-errors.ts'
import { createHubFetch, defaultHubUrl, type HubFetchOptions } from './huggingface-fetch.ts'
import { checkToken } from './huggingface-repository.ts'

export interface HuggingFaceNamespaceOptions extends HubFetchOptions {
  /** Begins with `hf_`. */
  readonly token: string
}

const nameShape = z.object({ name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,95}$/) })
const known = new Map<string, Promise<string>>()

/**
 * The name under which this token's repositories live. Asked once per token and process: the hub limits this call hard.
 * A failure is not kept.
 * @throws BackendError UNAUTHORIZED, THROTTLED, UNAVAILABLE, ABORTED
 */
export async function huggingFaceNamespace(
  options: HuggingFaceNamespaceOptions,
  signal?: AbortSignal,
): Promise<string> {
  checkToken(options.token)
  throwIfAborted(signal)
  const hubUrl = (options.hubUrl ?? defaultHubUrl).replace(/\/+$/, '')
  const id = `${hubUrl} ${options.token}`
  let asked = known.get(id)
  if (asked === undefined) {
    asked = ask(options, hubUrl, signal)
    known.set(id, asked)
    asked.catch(() => known.delete(id))
  }
  return await asked
}

async function ask(options: HuggingFaceNamespaceOptions, hubUrl: string, signal?: AbortSignal): Promise<string> {
  try {
    const me = await whoAmI({ accessToken: options.token, hubUrl, fetch: createHubFetch(options)(signal) })
    return nameShape.parse(me).name
  } catch (error) {
    throw hubError('ask HuggingFace who the token belongs to', error, signal)
  }
}
