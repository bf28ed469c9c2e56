import { z } from 'zod'
import { callerRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { ApiKey, ApiKeyDraft, NewApiKey } from './accounts.schemas.ts'
import type { ApiKeyService } from './api-keys.service.ts'

const tag = 'People'

/** The caller's own. */
export const myApiKeyRoutes = (apiKeys: ApiKeyService): Route[] => [
  callerRoute({
    method: 'GET',
    path: '/me/api-keys',
    operationId: 'listMyApiKeys',
    tag,
    summary: 'List your API keys',
    who: 'caller',
    query: pageQuery,
    response: pageOf(ApiKey),
    handle: async ({ caller, query }) => ok(await apiKeys.list(caller, query)),
  }),
  callerRoute({
    method: 'POST',
    path: '/me/api-keys',
    operationId: 'createMyApiKey',
    tag,
    summary: 'Make an API key; it is shown this once',
    who: 'caller',
    body: ApiKeyDraft,
    response: NewApiKey,
    handle: async ({ caller, body }) => ok(await apiKeys.createOwn(caller, body)),
  }),
  callerRoute({
    method: 'DELETE',
    path: '/me/api-keys/{key_id}',
    operationId: 'revokeMyApiKey',
    tag,
    summary: 'Revoke an API key of yours',
    who: 'caller',
    params: { key_id: z.guid() },
    response: z.literal(true),
    handle: async ({ caller, params }) => ok(await apiKeys.revoke(caller, params.key_id)),
  }),
]

/** For operators, who make keys for others but do not see those there are. */
export const userApiKeyRoutes = (apiKeys: ApiKeyService): Route[] => [
  callerRoute({
    method: 'POST',
    path: '/workspaces/users/{user_id}/api-keys',
    operationId: 'createApiKeyForUser',
    tag,
    summary: 'Make an API key for a user; it is shown this once',
    who: 'operator',
    params: { user_id: z.guid() },
    body: ApiKeyDraft,
    response: NewApiKey,
    handle: async ({ caller, params, body }) => ok(await apiKeys.createFor(caller, params.user_id, body)),
  }),
]
