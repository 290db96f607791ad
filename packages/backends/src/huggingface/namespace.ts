import { whoAmI } from '@huggingface/hub'
import { z } from 'zod'

import { throwIfAborted } from '../port/content.ts'
import { hubError } from './errors.ts'
import { createHubFetch, defaultHubUrl, type HubFetchOptions } from './fetch.ts'
import { checkToken, unlessAborted } from './repository.ts'

export interface HuggingFaceNamespaceOptions extends HubFetchOptions {
  /** Begins with `hf_`. */
  readonly token: string
}

const nameShape = z.object({ name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,95}$/) })
/** A question that is asked or answered; it ends early when nobody waits for it any more. */
interface Question {
  readonly answer: Promise<string>
  readonly stop: AbortController
  waiting: number
}
const known = new Map<string, Question>()

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
  const question = known.get(id) ?? begin(id, options, hubUrl)
  question.waiting += 1
  try {
    return await unlessAborted(question.answer, signal)
  } finally {
    question.waiting -= 1
    if (question.waiting === 0) question.stop.abort() // does nothing to an answer that is there
  }
}

function begin(id: string, options: HuggingFaceNamespaceOptions, hubUrl: string): Question {
  const stop = new AbortController()
  const question: Question = { answer: ask(options, hubUrl, stop.signal), stop, waiting: 0 }
  const forget = (): void => void (known.get(id) === question && known.delete(id))
  known.set(id, question)
  question.answer.catch(forget)
  return question
}

async function ask(options: HuggingFaceNamespaceOptions, hubUrl: string, signal: AbortSignal): Promise<string> {
  try {
    const me = await whoAmI({ accessToken: options.token, hubUrl, fetch: createHubFetch(options)(signal) })
    return nameShape.parse(me).name
  } catch (error) {
    throw hubError('ask HuggingFace who the token belongs to', error, signal)
  }
}
