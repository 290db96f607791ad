import { errorReply } from '@sluice/gateway-api'
import { z } from 'zod'
import type { Route } from './http/route.ts'

/** The OpenAPI 3.1 document of the routes that are on. */
export function openApiDocument(routes: readonly Route[], servers: readonly string[]): object {
  const paths = new Map<string, Record<string, unknown>>()
  for (const route of routes) {
    const path = route.path.replace(/\*$/, '{key}')
    const operations = paths.get(path) ?? {}
    operations[route.method.toLowerCase()] = operation(route)
    paths.set(path, operations)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice gateway',
      version: '1',
      description:
        'Hands out presigned URLs for a subnet’s bucket to registered hotkeys. Requests are signed by RFC 9421 with ' +
        'sr25519 over @method, @target-uri and, with a body, content-digest; label and tag are "sluice".',
    },
    servers: servers.map((url) => ({ url })),
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: {
        hotkey: { type: 'apiKey', in: 'header', name: 'signature', description: 'RFC 9421, beside signature-input.' },
      },
      schemas: { Error: toSchema(errorReply, 'output') },
    },
  }
}

function operation({ path, docs }: Route): object {
  const { summary, signed, body, query, reply, status = 200 } = docs
  const parameters = [
    ...(path.endsWith('*') ? [{ name: 'key', in: 'path', required: true, schema: { type: 'string' } }] : []),
    ...(query === undefined ? [] : queryParameters(query)),
  ]
  const error = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } }
  return {
    summary,
    ...(signed ? { security: [{ hotkey: [] }] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: toSchema(body, 'input') } } } }),
    responses: {
      [status]: {
        description: 'Done.',
        ...(reply === undefined ? {} : { content: { 'application/json': { schema: toSchema(reply, 'output') } } }),
      },
      ...(signed ? { default: { description: 'Refused; the code says why.', ...error } } : {}),
    },
  }
}

function queryParameters(query: z.ZodType): object[] {
  const { properties = {}, required = [] } = toSchema(query, 'input') as {
    properties?: Record<string, object>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema }
  })
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
