import { z } from 'zod'
import { ok, publicRoute, type Route } from './define-route.ts'

const common = { method: 'GET', tag: 'Health', reason: 'tells what there is to ask, and nothing that is in it' } as const

/** The API description, as JSON and as YAML; the second is what `openapi.yaml` in the repository holds. */
export const descriptionRoutes = (describe: () => object): Route[] => [
  publicRoute({
    ...common,
    path: '/openapi.json',
    operationId: 'getOpenapiJson',
    summary: 'This description, as JSON',
    response: z.looseObject({}),
    handle: async () => ok({ ...describe() }),
  }),
  publicRoute({
    ...common,
    path: '/openapi.yaml',
    operationId: 'getOpenapiYaml',
    summary: 'This description, as YAML',
    response: { mediaTypes: ['application/yaml'], description: 'The OpenAPI document' },
    handle: async () => ({ status: 200, stream: await descriptionYaml(describe()), headers: { 'content-type': 'application/yaml; charset=utf-8' } }),
  }),
]

export async function descriptionYaml(description: object): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(description, { aliasDuplicateObjects: false })
}
