import { z } from 'zod'
import { ok, publicRoute, redirect, type Route } from '../../http/define-route.ts'

const CheckState = z.enum(['ok', 'down', 'off'])
export const Health = z
  .object({
    status: z.enum(['ok', 'down']),
    checks: z.object({ postgres: CheckState, object_store: CheckState, media_tools: CheckState, jobs: CheckState }).describe('`off`: not the business of this process'),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>

const common = { method: 'GET', tag: 'Health', reason: 'asked by load balancers and browsers, which hold no credential' } as const

export const healthRoutes = (lookAround: () => Promise<Health>): Route[] => [
  publicRoute({
    ...common,
    path: '/',
    operationId: 'getStartPage',
    summary: 'To the documentation',
    hidden: true,
    response: { redirect: 'To the documentation' },
    handle: async () => redirect('/docs'),
  }),
  publicRoute({
    ...common,
    path: '/health/live',
    operationId: 'getLiveness',
    summary: 'Whether the process runs',
    response: z.object({ status: z.literal('ok') }),
    handle: async () => ok({ status: 'ok' as const }),
  }),
  publicRoute({
    ...common,
    path: '/health/ready',
    operationId: 'getReadiness',
    summary: 'Whether the server can answer: 503 while something that it needs is down',
    response: Health,
    handle: async () => {
      const health = await lookAround()
      return { status: health.status === 'ok' ? 200 : 503, body: health, headers: { 'cache-control': 'no-store' } }
    },
  }),
]
