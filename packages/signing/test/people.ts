import { type Hotkey, hotkeyFromSeed } from '@sluice/hotkey'

/** Time of all fixed signatures: 2025-11-21, in milliseconds. */
export const T = 1_763_700_000_000
export const alice = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'
/** Alice with the prefixes of Polkadot, Kusama and one of two bytes. */
export const aliceElsewhere = [
  '15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5',
  'HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F',
  'xw8P6urbSAronL3zZFB7dg8p7LLSgKCUFDUgjohnf1iP434ic',
] as const
export const bob = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty'

/** A hotkey made from one byte. */
export function hotkeyOf(seed: number): Hotkey {
  return hotkeyFromSeed(new Uint8Array(32).fill(seed))
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const hello = bytes('{"hello": "world"}')
export const none = new Uint8Array(0)
