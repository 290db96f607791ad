import pino from 'pino'

/** The part of pino's logger that the gateway uses. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Texts that would let a reader of the log act for somebody: signatures, presigned queries, keys, passwords in URLs. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/([?&;\s"']|^)(X-Amz-[A-Za-z-]+)=[^&\s"']*/gi, '$1$2=…'],
  [/:[A-Za-z0-9+/]{86}==:/g, ':…:'],
  [/\b(0x)?[0-9a-fA-F]{64,}\b/g, '…'],
  [/[A-Za-z0-9+/]{86}==/g, '…'],
  [/:\/\/[^/\s:@]*:[^/\s@]*@/g, '://…@'],
  [/\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, '…'],
]

/** Takes secrets and control characters out of a text that came from outside. */
export function safeText(text: string): string {
  // Control characters would let a remote text write lines of its own, or steer a terminal.
  // oxlint-disable-next-line no-control-regex
  const printable = text.slice(0, 2_000).replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/g, '?')
  return secrets.reduce((rest, [pattern, instead]) => rest.replaceAll(pattern, instead), printable)
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
