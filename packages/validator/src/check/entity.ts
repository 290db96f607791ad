import { sourceName, timeBucketId, utcMoment } from '@sluice/dataset'
import { z } from 'zod'
import { ValidatorError } from '../errors.ts'

/** A URI to be checked. With source and hour known a check costs two requests; without, files are searched. */
export interface Entity {
  readonly uri: string
  /** Data Universe's number (1 Reddit, 2 X, …) or the name in the keys (`x`, `reddit`, `source-9`). */
  readonly source?: string | number | undefined
  /** Hours since 1970. */
  readonly timeBucketId?: number | undefined
  /** Date of the row, any form that Data Universe writes; without a zone it is UTC. */
  readonly datetime?: string | undefined
}

/** An entity with its hints as the keys spell them; null = not known. */
export interface Wanted {
  readonly uri: string
  readonly source: string | null
  readonly hour: number | null
}

const schema = z.object({
  uri: z.string().min(1).max(16_384),
  source: z.union([z.int().nonnegative().max(0xffff_ffff), z.string().regex(/^[a-z][a-z0-9-]{0,31}$/)]).optional(),
  timeBucketId: z.int().nonnegative().max(999_999_999).optional(),
  datetime: z.string().max(64).optional(),
})

/** Checks entities that came from anybody. @throws ValidatorError BAD_INPUT names the first bad one */
export function readEntities(entities: readonly unknown[]): readonly Wanted[] {
  return entities.map((entity, at) => {
    const parsed = schema.safeParse(entity)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new ValidatorError(
        'BAD_INPUT',
        `Entity ${at + 1} is malformed at ${issue?.path.join('.') || 'its root'}: ${issue?.message}.`,
      )
    }
    const { uri, source, timeBucketId: hour, datetime } = parsed.data
    return {
      uri,
      source: typeof source === 'number' ? sourceName(source) : (source ?? null),
      hour: hour ?? (datetime === undefined ? null : hourOf(datetime, at)),
    }
  })
}

function hourOf(datetime: string, at: number): number {
  const milliseconds = Date.parse(utcMoment(datetime))
  if (Number.isNaN(milliseconds)) {
    throw new ValidatorError(
      'BAD_INPUT',
      `Entity ${at + 1} has the date ${JSON.stringify(datetime)}, which is none; use ISO 8601.`,
    )
  }
  return timeBucketId(milliseconds / 1000)
}
