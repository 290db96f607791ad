import { wordlist } from '@scure/bip39/wordlists/english.js'
import pino from 'pino'

/** The part of pino's logger that the gateway uses. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Texts that would let a reader of the log act for somebody: signatures, presigned queries, keys, tokens, passwords. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/([?&;\s"']|^)(X-Amz-[A-Za-z-]+)=[^&\s"']*/gi, '$1$2=…'],
  [
    /([?&;\s"'{,]|^)([\w-]*(?:key|token|secret|passw(?:or)?d|signature|credential)"?\s*[=:]\s*"?)[^&\s"',}]+/gi,
    '$1$2…',
  ],
  [/\b(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{6,}/gi, '$1 …'],
  [/\b(hf|api_org|ghp|gho|sk|pk|tlk)_[A-Za-z0-9_]{8,}\b/g, '$1_…'],
  [/:[A-Za-z0-9+/]{86}==:/g, ':…:'],
  [/\b(0x)?[0-9a-fA-F]{64,}\b/g, '…'],
  [/[A-Za-z0-9+/]{86}==/g, '…'],
  [/:\/\/[^/\s:@]*:[^/\s@]*@/g, '://…@'],
  [/\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, '…'],
]
/** A mnemonic has at least as many words, all of them from BIP-39's list. */
const MNEMONIC_WORDS = 12
const mnemonicWords: ReadonlySet<string> = new Set(wordlist)

/** Takes secrets and control characters out of a text that came from outside. */
export function safeText(text: string): string {
  // Controls and format characters would let a remote text write lines of its own, turn its direction, or steer a terminal.
  const printable = text.slice(0, 2_000).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
  return withoutMnemonics(secrets.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), printable))
}

function withoutMnemonics(text: string): string {
  return text.replaceAll(/[a-z]{3,8}(?:[^a-z]{1,3}[a-z]{3,8}){11,}/gi, (words) => {
    const known = words
      .toLowerCase()
      .split(/[^a-z]+/)
      .map((word) => mnemonicWords.has(word))
    let run = 0
    const isMnemonic = known.some((is) => (run = is ? run + 1 : 0) >= MNEMONIC_WORDS)
    return isMnemonic ? '…' : words
  })
}

/** A logger whose every text goes through `safeText`; errors are logged by name and message, deep causes included. */
export function createLog(level: string, destination: pino.DestinationStream = pino.destination(1)): Log {
  const logger = pino(
    {
      name: 'sluice-gateway',
      level,
      redact: { paths: ['*.authorization', '*.signature', '*.secretAccessKey', '*.sessionToken', 'url'], censor: '…' },
    },
    destination,
  )
  const clean = (fields: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cleanValue(value)]))
  return {
    info: (fields, message) => logger.info(clean(fields), safeText(message)),
    warn: (fields, message) => logger.warn(clean(fields), safeText(message)),
    error: (fields, message) => logger.error(clean(fields), safeText(message)),
  }
}

function cleanValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return safeText(value)
  if (value instanceof Error) {
    const cause = value.cause === undefined || depth > 3 ? {} : { cause: cleanValue(value.cause, depth + 1) }
    return { name: safeText(value.name), message: safeText(value.message), ...cause }
  }
  if (typeof value === 'object' && value !== null) return safeText(JSON.stringify(value))
  return value
}
