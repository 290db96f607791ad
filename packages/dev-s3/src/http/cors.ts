import { z } from 'zod'
import { receiveText } from './body.ts'
import type { Bucket } from '../store/bucket.ts'
import type { Call } from './call.ts'
import { S3Error } from './error.ts'
import type { CorsRule } from '../store/record.ts'
import { type Reply, xmlReply } from './reply.ts'
import { parseXml } from './xml.ts'

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const
const texts = z.union([z.string().transform((text) => [text]), z.array(z.string())])
const ruleElement = z.object({
  AllowedOrigin: texts,
  AllowedMethod: z.union([z.enum(METHODS).transform((method) => [method]), z.array(z.enum(METHODS))]),
  AllowedHeader: texts.default([]),
  ExposeHeader: texts.default([]),
  MaxAgeSeconds: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .optional(),
})
const document = z.object({
  CORSConfiguration: z.object({
    CORSRule: z.union([ruleElement.transform((rule) => [rule]), z.array(ruleElement).min(1).max(100)]),
  }),
})

export async function putCors(call: Call, bucket: Bucket): Promise<Reply> {
  const parsed = document.safeParse(parseXml(await receiveText(call.request, call.binding)))
  if (!parsed.success) throw new S3Error('MalformedXML', 'The CORS configuration is malformed.')
  const cors: CorsRule[] = parsed.data.CORSConfiguration.CORSRule.map((rule) => ({
    origins: rule.AllowedOrigin,
    methods: rule.AllowedMethod,
    headers: rule.AllowedHeader,
    exposed: rule.ExposeHeader,
    maxAgeSeconds: rule.MaxAgeSeconds ?? null,
  }))
  await bucket.saveSettings({ ...bucket.settings, cors })
  return { status: 200 }
}

export function getCors(bucket: Bucket): Reply {
  if (bucket.settings.cors.length === 0) throw new S3Error('NoSuchCORSConfiguration', 'The bucket has no CORS rules.')
  return xmlReply('CORSConfiguration', {
    CORSRule: bucket.settings.cors.map((rule) => ({
      AllowedMethod: rule.methods,
      AllowedOrigin: rule.origins,
      AllowedHeader: rule.headers,
      ...(rule.maxAgeSeconds === null ? {} : { MaxAgeSeconds: rule.maxAgeSeconds }),
      ExposeHeader: rule.exposed,
    })),
  })
}

export async function deleteCors(bucket: Bucket): Promise<Reply> {
  await bucket.saveSettings({ ...bucket.settings, cors: [] })
  return { status: 204 }
}

/** The answer to OPTIONS, which is never signed. @throws S3Error `AccessDenied` when no rule allows it */
export function preflight(bucket: Bucket, headers: Readonly<Record<string, string>>): Reply {
  const origin = headers['origin']
  const method = headers['access-control-request-method']
  if (origin === undefined || method === undefined) {
    throw new S3Error('InvalidArgument', 'A preflight needs Origin and Access-Control-Request-Method.')
  }
  const asked = splitList(headers['access-control-request-headers'] ?? '')
  const rule = findRule(bucket, origin, method)
  if (
    rule === undefined ||
    !asked.every((name) => rule.headers.some((pattern) => matches(pattern.toLowerCase(), name)))
  ) {
    throw new S3Error('AccessDenied', 'No CORS rule of the bucket allows this request.')
  }
  return {
    status: 200,
    headers: {
      ...ruleHeaders(rule, origin, method),
      ...(asked.length === 0 ? {} : { 'access-control-allow-headers': asked.join(',') }),
    },
  }
}

/** Headers that let the page at `Origin` read the reply; empty when no rule fits. */
export function corsHeaders(
  bucket: Bucket,
  method: string,
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  const origin = headers['origin']
  if (origin === undefined) return {}
  const rule = findRule(bucket, origin, method)
  return rule === undefined ? {} : ruleHeaders(rule, origin, method)
}

function findRule(bucket: Bucket, origin: string, method: string): CorsRule | undefined {
  return bucket.settings.cors.find(
    (rule) => rule.methods.includes(method) && rule.origins.some((pattern) => matches(pattern, origin)),
  )
}

function ruleHeaders(rule: CorsRule, origin: string, method: string): Record<string, string> {
  const any = rule.origins.includes('*')
  return {
    'access-control-allow-origin': any ? '*' : origin,
    ...(any ? {} : { vary: 'Origin' }),
    'access-control-allow-methods': method,
    ...(rule.exposed.length === 0 ? {} : { 'access-control-expose-headers': rule.exposed.join(',') }),
    ...(rule.maxAgeSeconds === null ? {} : { 'access-control-max-age': String(rule.maxAgeSeconds) }),
  }
}

function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star === -1) return pattern === text
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after)
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
}
