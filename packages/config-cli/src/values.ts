import { InvalidArgumentError } from 'commander'

/** Readers of flag values; each refuses with a sentence that commander prints after the flag's name. */

export const flag = (text: string): boolean => {
  const lower = text.toLowerCase()
  if (lower === 'true' || lower === 'false') return lower === 'true'
  throw new InvalidArgumentError('Say true or false.')
}

const integer = (text: string, max: number, what: string): number => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= max)) throw new InvalidArgumentError(`Give ${what}, a whole number from 0 to ${max}.`)
  return value
}

export const netuid = (text: string): number => integer(text, 65_535, 'the netuid')

const block = (text: string): number => integer(text, 0xffff_ffff, 'a block number')

export const percentage = (text: string): number => {
  const value = /^\d{1,3}(\.\d{1,2})?$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= 100)) throw new InvalidArgumentError('Give 0 to 100, with at most two decimals.')
  return value
}

/** Commander turns null into an empty text, so "none" stays a word until the flags are merged. */
export const optionalBlock = (text: string): number | 'none' => (text === 'none' ? text : block(text))

export const salt = (text: string): string => (text === 'none' ? '' : text)

/** `BLOCK:PERCENTAGE,…` or `none`. */
export const schedule = (text: string): readonly (readonly [block: number, percentage: number])[] => {
  if (text === 'none') return []
  return text.split(',').map((step) => {
    const [at, share, ...rest] = step.trim().split(':')
    if (at === undefined || share === undefined || rest.length > 0) {
      throw new InvalidArgumentError('Give BLOCK:PERCENTAGE pairs, separated by commas, or "none".')
    }
    return [block(at), percentage(share)] as const
  })
}

/** ss58 addresses separated by commas, or `none`. */
export const hotkeys = (text: string): readonly string[] =>
  text === 'none'
    ? []
    : text
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== '')
