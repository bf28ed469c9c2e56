import { z } from 'zod'
import { callerRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { email, Me, personName, User } from './accounts.schemas.ts'
import type { UserService } from './users.service.ts'

const tag = 'People'
const avatar = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .refine((text) => !/["'<>\\\s]/.test(text) && !/^https?:\/\/[^/?#]*@/i.test(text), 'must be a plain http(s) URL, without a user name in it')
  .nullable().optional().meta({ description: 'An http(s) URL of a picture', examples: ['https://example.com/ana.jpg'] })

export const meRoutes = (users: UserService): Route[] => [
  callerRoute({
    method: 'GET',
    path: '/me',
    operationId: 'getMe',
    tag,
    summary: 'Who you are, and your drives',
    who: 'caller',
    response: Me,
    handle: async ({ caller }) => ok(await users.me(caller)),
  }),
  callerRoute({
    method: 'PUT',
    path: '/me',
    operationId: 'updateMe',
    tag,
    summary: 'Change your name or avatar; what is absent stays, null clears',
    who: 'caller',
    body: z.object({ name: personName.optional(), avatar }).meta({ id: 'MeChange' }),
    response: Me,
    handle: async ({ caller, body }) => ok(await users.updateMe(caller, body)),
  }),
]

/** For operators. */
export const userRoutes = (users: UserService): Route[] => [
  callerRoute({
    method: 'GET',
    path: '/workspaces/users',
    operationId: 'listUsers',
    tag,
    summary: 'List the users of the installation',
    who: 'operator',
    query: pageQuery,
    response: pageOf(User),
    handle: async ({ query }) => ok(await users.list(query)),
  }),
  callerRoute({
    method: 'POST',
    path: '/workspaces/users',
    operationId: 'createUser',
    tag,
    summary: 'Add a user',
    who: 'operator',
    body: z.object({ email, name: personName, avatar }).meta({ id: 'UserDraft' }),
    response: User,
    handle: async ({ body }) => ok(await users.create(body)),
  }),
  callerRoute({
    method: 'PUT',
    path: '/workspaces/users/{user_id}',
    operationId: 'updateUser',
    tag,
    summary: 'Change a user; what is absent stays, null clears',
    who: 'operator',
    params: { user_id: z.guid() },
    body: z.object({ email: email.optional(), name: personName.optional(), avatar }).meta({ id: 'UserChange' }),
    response: User,
    handle: async ({ params, body }) => ok(await users.update(params.user_id, body)),
  }),
  callerRoute({
    method: 'DELETE',
    path: '/workspaces/users/{user_id}',
    operationId: 'deleteUser',
    tag,
    summary: 'Delete a user; they stay as an author, by name',
    who: 'operator',
    params: { user_id: z.guid() },
    response: z.literal(true),
    handle: async ({ caller, params }) => ok(await users.delete(caller, params.user_id)),
  }),
]
