import { HubRefusal } from './refusal.ts'
import type { Repository } from './repositories.ts'

/** A user of the development hub. */
export interface HubUser {
  readonly name: string
  /** Must start with `hf_`, as the clients insist. */
  readonly token: string
  /** `read` tokens may not write; default `write`. */
  readonly role?: 'read' | 'write'
  /** Organisations the user may write to. */
  readonly orgs?: readonly string[]
}

/**
 * The user of an `Authorization` header; null without one.
 * A token that nobody has is refused even where none is needed, as the real hub does.
 */
export function identify(users: readonly HubUser[], authorization: string | undefined): HubUser | null {
  if (authorization === undefined) return null
  const token = /^Bearer (\S+)$/i.exec(authorization)?.[1]
  const user = users.find((candidate) => candidate.token === token)
  if (user === undefined) throw new HubRefusal(401, 'Invalid credentials in Authorization header')
  return user
}

export function requireUser(user: HubUser | null): HubUser {
  if (user === null) throw new HubRefusal(401, 'Invalid username or password.')
  return user
}

/** Throws 401 or 403 unless the user may write in the namespace. */
export function requireNamespace(user: HubUser | null, namespace: string): HubUser {
  const known = requireUser(user)
  if ((known.role ?? 'write') !== 'write') {
    throw new HubRefusal(403, 'This token has the role "read": a token with the role "write" is needed')
  }
  if (!ownsNamespace(known, namespace)) {
    throw new HubRefusal(403, `You don't have the rights to create or write under the namespace "${namespace}"`)
  }
  return known
}

function ownsNamespace(user: HubUser, namespace: string): boolean {
  return user.name === namespace || (user.orgs ?? []).includes(namespace)
}

/** Who may not see a repository gets the same answer as for one that does not exist: 401 anonymous, else 404. */
export function requireReadable(user: HubUser | null, repository: Repository | null): Repository {
  if (repository !== null) {
    const namespace = repository.id.split('/')[0] as string
    if (!repository.private || (user !== null && ownsNamespace(user, namespace))) return repository
  }
  throw new HubRefusal(
    user === null ? 401 : 404,
    user === null ? 'Invalid username or password.' : 'Repository not found',
    {
      code: 'RepoNotFound',
    },
  )
}

/** The answer of `GET /api/whoami-v2`. */
export function whoAmI(user: HubUser): object {
  return {
    type: 'user',
    id: Buffer.from(user.name).toString('hex').padEnd(24, '0').slice(0, 24),
    name: user.name,
    fullname: user.name,
    email: `${user.name}@example.invalid`,
    emailVerified: true,
    canPay: false,
    isPro: false,
    periodEnd: null,
    avatarUrl: '',
    orgs: (user.orgs ?? []).map((name) => ({ type: 'org', name, fullname: name, roleInOrg: 'write' })),
    auth: {
      type: 'access_token',
      accessToken: { displayName: 'devnet', role: user.role ?? 'write', createdAt: '2025-01-01T00:00:00.000Z' },
    },
  }
}
