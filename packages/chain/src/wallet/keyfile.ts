import { type Hotkey, publicKeyOf } from '@sluice/hotkey'
import { naclDecrypt } from '@polkadot/util-crypto'
import { argon2i } from 'hash-wasm'
import { z } from 'zod'
import { ChainError } from '../errors.ts'
import { hotkeyFromMaterial } from './hotkey.ts'

/** Fixed salt of Bittensor wallets (`NACL_SALT` in opentensor/btwallet `src/keyfile.rs`). */
const salt = Uint8Array.from([
  0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9, 0xb1,
])
/** libsodium's `crypto_pwhash_argon2i_OPSLIMIT_SENSITIVE` and `_MEMLIMIT_SENSITIVE`: 8 passes over 512 MiB. */
const passes = 8
const memoryKiB = 512 * 1024
const nonceBytes = 24
const macBytes = 16
const magic = '$NACL'

const content = z.object({
  secretPhrase: z.string().nullish(),
  secretSeed: z.string().nullish(),
  privateKey: z.string().nullish(),
  ss58Address: z.string(),
})

/**
 * The hotkey in the bytes of a Bittensor keyfile: JSON, plain or encrypted with a password ("$NACL").
 * @param name what the messages call the file
 * @throws ChainError BAD_WALLET, PASSWORD_REQUIRED, BAD_PASSWORD
 */
export async function readKeyfile(bytes: Uint8Array, name: string, password: string | undefined): Promise<Hotkey> {
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 16))
  if (start.startsWith('$ANSIBLE_VAULT') || start.startsWith('gAAAAA')) {
    const kind = start.startsWith('gAAAAA') ? 'legacy Fernet' : 'Ansible Vault'
    throw new ChainError(
      'BAD_WALLET',
      `${name} is encrypted the old way (${kind}); open it once with btcli 6 or later ("btcli wallet update"), ` +
        'which stores it in the current form.',
    )
  }
  if (!start.startsWith(magic)) return await readPlain(bytes, name)
  if (password === undefined || password === '') {
    throw new ChainError('PASSWORD_REQUIRED', `${name} is encrypted; give its password.`)
  }
  return await readPlain(await decrypt(bytes.subarray(magic.length), name, password), name)
}

async function decrypt(sealed: Uint8Array, name: string, password: string): Promise<Uint8Array> {
  if (sealed.length <= nonceBytes + macBytes) throw damaged(name)
  const key = await argon2i({
    password,
    salt,
    iterations: passes,
    memorySize: memoryKiB,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  })
  const opened = naclDecrypt(sealed.subarray(nonceBytes), sealed.subarray(0, nonceBytes), key)
  if (opened === null) throw new ChainError('BAD_PASSWORD', `The password does not open ${name}; try again.`)
  return opened
}

async function readPlain(bytes: Uint8Array, name: string): Promise<Hotkey> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // A parser's message may quote the file, which holds a secret.
    throw damaged(name)
  }
  const parsed = content.safeParse(json)
  if (!parsed.success) throw damaged(name)
  const { secretPhrase, secretSeed, privateKey, ss58Address } = parsed.data
  let publicKey: Uint8Array
  try {
    publicKey = publicKeyOf(ss58Address)
  } catch {
    throw damaged(name)
  }
  const hotkey = await hotkeyFromMaterial({
    phrase: secretPhrase ?? null,
    seed: prefixed(secretSeed),
    privateKey: prefixed(privateKey),
    publicKey,
  })
  if (hotkey !== null) return hotkey
  throw new ChainError(
    'BAD_WALLET',
    secretPhrase || secretSeed || privateKey
      ? `The secrets in ${name} do not belong to its address ${ss58Address}, or are not sr25519; restore the wallet.`
      : `${name} holds only the public part of ${ss58Address}; signing needs the machine that has its secret.`,
  )
}

/** Older wallets leave the 0x out. */
function prefixed(hex: string | null | undefined): string | null {
  if (hex == null || hex === '') return null
  return hex.startsWith('0x') ? hex : `0x${hex}`
}

function damaged(name: string): ChainError {
  return new ChainError('BAD_WALLET', `${name} is no Bittensor keyfile, or is damaged; restore it from its mnemonic.`)
}
