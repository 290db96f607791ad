import type { WireFaultKind, WireScript } from './faults.ts'

export interface FaultScriptOptions {
  /** Share of the requests that go wrong, 0..1. Default 0.2. */
  readonly share?: number
  /** Number of faults after which all is well. Default 50. */
  readonly most?: number
  /** Largest number of body bytes before a cut or stall. Default 8 MiB. */
  readonly bytes?: number
  /** Without them no request hangs or crawls, so clients that know no deadlines end as well. Default true. */
  readonly stalls?: boolean
}

/**
 * A script of faults that depends on nothing but the seed. Faults that answer 200 with an error hit POST only, where
 * S3 does such things.
 */
export function createFaultScript(seed: number, options: FaultScriptOptions = {}): WireScript {
  const { share = 0.2, most = 50, bytes = 8 * 1024 * 1024, stalls = true } = options
  const random = mulberry32(seed)
  let left = most
  return ({ method }) => {
    // Drawn for every request, so that one request more or less does not change the kind of all others.
    const [hit, which, amount] = [random(), random(), random()]
    if (hit >= share || left <= 0) return null
    left -= 1
    const kinds = kindsOf(method, Math.floor(amount * amount * bytes), stalls)
    return kinds[Math.floor(which * kinds.length)] ?? null
  }
}

function kindsOf(method: string, bytes: number, stalls: boolean): readonly WireFaultKind[] {
  return [
    'reset',
    'lost-reply',
    'duplicate-reply',
    'expired',
    { status: 500, code: 'InternalError' },
    { status: 503, code: 'SlowDown' },
    { status: 503, code: 'SlowDown', early: true },
    { status: 503, code: 'ServiceUnavailable', retryAfterSeconds: 1 },
    { status: 429, code: 'TooManyRequests' },
    { status: 400, code: 'RequestTimeout' },
    { cutRequestAfter: bytes },
    { cutReplyAfter: bytes % 4096 },
    { endReplyAfter: bytes },
    { delayMs: bytes % 50 },
    ...(method === 'PUT' ? (['wrong-etag'] as const) : []),
    ...(method === 'POST' ? (['error-in-200', 'refused-in-200'] as const) : []),
    ...(stalls ? ['stall' as const, 'mute' as const, { stallRequestAfter: bytes }, { stallReplyAfter: bytes }] : []),
  ]
}

/** Tommy Ettinger's mulberry32: small, seedable, good enough to choose faults. */
function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
