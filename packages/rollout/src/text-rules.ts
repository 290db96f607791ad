const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * What is wrong with an endpoint URL, or null. A miner signs requests for it, so: https (http only on this machine),
 * no user info, no query or fragment, printable ASCII of at most 256 characters, and no character that a URL parser
 * would rewrite, so that everybody reads the same place.
 */
export const endpointProblem = (text: string): string | null => {
  if (text.length > 256) return 'is longer than 256 characters'
  if (!/^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?$/.test(text)) {
    return 'must be a plain https:// URL without user name, query or fragment'
  }
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'is not a URL'
  }
  if (url.href !== text && url.href !== `${text}/`) return `must be written in its normal form: ${url.href}`
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) return 'must use https (http only for loopback hosts)'
  return null
}

const MOST_ENDPOINTS = 4

/** The endpoints of a list `https://a,https://b`, the preferred one first. */
export const splitEndpoints = (list: string): readonly string[] => list.split(/,(?=https?:\/\/)/)

/** What is wrong with a list of endpoints separated by commas, or null. */
export const endpointListProblem = (list: string): string | null => {
  const endpoints = splitEndpoints(list)
  if (list.length > 256) return 'is longer than 256 characters'
  if (endpoints.length > MOST_ENDPOINTS) return `has more than ${MOST_ENDPOINTS} endpoints`
  return endpoints.map(endpointProblem).find((problem) => problem !== null) ?? null
}

/** What is wrong with an S3 bucket name, or null. Rules: AWS general purpose buckets, also what other stores take. */
export const bucketProblem = (text: string): string | null => {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text)) {
    return 'must have 3 to 63 lower-case letters, digits, dots or hyphens and start and end with a letter or digit'
  }
  if (/\.\.|\.-|-\./.test(text)) return 'must not have a dot next to a dot or hyphen'
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return 'must not look like an IP address'
  return null
}

/** What is wrong with a region name, or null. */
export const regionProblem = (text: string): string | null =>
  /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(text) ? null : 'must be a region name such as us-east-1'

/** What is wrong with a HuggingFace repository `namespace/name`, or null. Rules: the hub's (96 characters at most). */
export const repositoryProblem = (text: string): string | null => {
  const part = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/
  const [namespace, name, ...rest] = text.split('/')
  if (namespace === undefined || name === undefined || rest.length > 0) return 'must be namespace/name'
  if (text.length > 96 || !part.test(namespace) || !part.test(name)) return 'has a part the hub does not allow'
  return /--|\.\./.test(text) || name.endsWith('.git') ? 'must not contain "--" or ".." or end with ".git"' : null
}
