import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ChainError } from '../errors.ts'
import type { Hotkey } from '@sluice/hotkey'
import { readKeyfile } from './keyfile.ts'

export interface WalletChoice {
  /** Folder of all wallets; default `~/.bittensor/wallets`. `~` at its start is the home folder. */
  readonly walletPath?: string | undefined
  readonly walletName: string
  readonly hotkeyName: string
  /** Only for encrypted hotkeys; opening one takes some 10 s and 512 MiB (argon2i, as Bittensor set it). */
  readonly password?: string | undefined
}

/**
 * Loads `{walletPath}/{walletName}/hotkeys/{hotkeyName}`, Bittensor's keyfile.
 * @throws ChainError NO_WALLET, BAD_WALLET, PASSWORD_REQUIRED, BAD_PASSWORD
 */
export async function loadHotkey(choice: WalletChoice): Promise<Hotkey> {
  for (const name of [choice.walletName, choice.hotkeyName]) {
    // A name is one folder or file, so that it cannot lead out of the wallets' folder.
    if (!/^[^/\\\0]+$/.test(name) || name === '.' || name === '..') {
      throw new ChainError('NO_WALLET', `"${name}" is no wallet or hotkey name; give the name only, without a path.`)
    }
  }
  const root = choice.walletPath?.replace(/^~(?=$|\/)/, homedir()) ?? join(homedir(), '.bittensor', 'wallets')
  const path = join(root, choice.walletName, 'hotkeys', choice.hotkeyName)
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new ChainError('NO_WALLET', `The hotkey file ${path} cannot be read; check wallet path, name and hotkey.`, {
      cause,
    })
  }
  return await readKeyfile(bytes, path, choice.password)
}
