import { HubRefusal } from './refusal.ts'

export interface HubLimits {
  /** API calls per user and window, like the real hub's 1000 per 300 s; default: no limit and no headers. */
  readonly api?: { readonly quota: number; readonly windowSeconds: number }
  /** Commits per user and hour; default: no limit. */
  readonly commitsPerHour?: number
}

/** Counts calls in fixed windows per user. */
export interface Limiter {
  /** Counts an API call; the headers for its answer; throws 429 when the window is used up. */
  countCall(who: string): Record<string, string>
  /** Counts a commit; throws 429 when the hour is used up. */
  countCommit(who: string): void
}

/** Header formats: https://huggingface.co/docs/hub/rate-limits (draft-ietf-httpapi-ratelimit-headers). */
export function createLimiter(limits: HubLimits, now: () => number): Limiter {
  const windows = new Map<string, { window: number; used: number }>()
  const use = (key: string, windowMs: number): number => {
    const window = Math.floor(now() / windowMs)
    const last = windows.get(key)
    const used = last?.window === window ? last.used + 1 : 1
    windows.set(key, { window, used })
    return used
  }
  return {
    countCall(who) {
      if (limits.api === undefined) return {}
      const { quota, windowSeconds } = limits.api
      const used = use(`api ${who}`, windowSeconds * 1000)
      const reset = windowSeconds - (Math.floor(now() / 1000) % windowSeconds)
      const headers = rateLimitHeaders(quota - used, reset, quota, windowSeconds)
      if (used > quota) throw new HubRefusal(429, 'You have exceeded the API rate limit', { headers })
      return headers
    },
    countCommit(who) {
      if (limits.commitsPerHour === undefined) return
      if (use(`commit ${who}`, 3_600_000) <= limits.commitsPerHour) return
      const message = `You have exceeded our hourly quotas for action: commit. We invite you to retry later.`
      throw new HubRefusal(429, message, { headers: rateLimitHeaders(0, 3600 - (Math.floor(now() / 1000) % 3600)) })
    },
  }
}

export function rateLimitHeaders(
  remaining: number,
  resetSeconds: number,
  quota: number = 1000,
  windowSeconds: number = 300,
): Record<string, string> {
  return {
    RateLimit: `"api";r=${Math.max(0, remaining)};t=${resetSeconds}`,
    'RateLimit-Policy': `"fixed window";"api";q=${quota};w=${windowSeconds}`,
  }
}
