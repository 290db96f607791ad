import { publicKeyOf } from './ss58.ts'

/** The place of a hotkey in a bucket, and the only one: `data/hotkey={ss58}/`. @throws HotkeyError `BAD_HOTKEY` */
export function hotkeyPrefix(address: string): string {
  publicKeyOf(address)
  return `data/hotkey=${address}/`
}

/** Name of a hotkey's HuggingFace dataset repository, without its namespace. @throws HotkeyError `BAD_HOTKEY` */
export function repositoryName(prefix: string, address: string): string {
  publicKeyOf(address)
  return `${prefix}_${address.slice(0, 8)}`
}
