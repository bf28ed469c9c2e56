import { z } from 'zod'
import { assetRoute, driveRoute, ok, type Route } from '../../http/define-route.ts'
import { pageOf, pageQuery } from '../../model/cursor.ts'
import { Member, MemberDraft, MentionableUser, RoleChange } from './drives.schemas.ts'
import type { MemberService } from './members.service.ts'

const tag = 'Drives'
const drive = 'path'

export const memberRoutes = (members: MemberService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/members',
    drive,
    operationId: 'listMembers',
    tag,
    summary: 'List the members of a drive',
    action: 'read',
    query: pageQuery,
    response: pageOf(Member),
    handle: async ({ scope, query }) => ok(await members.list(scope, query)),
  }),
  driveRoute({
    method: 'POST',
    path: '/members',
    drive,
    operationId: 'addMember',
    tag,
    summary: 'Make a user a member',
    action: 'manage',
    body: MemberDraft,
    response: Member,
    handle: async ({ scope, body }) => ok(await members.add(scope, body)),
  }),
  driveRoute({
    method: 'PUT',
    path: '/members/{user_id}',
    drive,
    operationId: 'updateMember',
    tag,
    summary: 'Give a member another role',
    action: 'manage',
    params: { user_id: z.guid() },
    body: RoleChange,
    response: Member,
    handle: async ({ scope, params, body }) => ok(await members.changeRole(scope, params.user_id, body.role)),
  }),
  driveRoute({
    method: 'DELETE',
    path: '/members/{user_id}',
    drive,
    operationId: 'removeMember',
    tag,
    summary: 'Remove a member',
    action: 'manage',
    params: { user_id: z.guid() },
    response: z.literal(true),
    handle: async ({ scope, params }) => ok(await members.remove(scope, params.user_id)),
  }),
  mentionableRoute(members),
]

const mentionableRoute = (members: MemberService): Route =>
  assetRoute({
    method: 'GET',
    path: '/mentionable-users',
    operationId: 'listMentionableUsers',
    tag: 'Comments',
    summary: 'Get all mentionable users on comments for an asset',
    description: 'Members of the drive who may comment, by name.',
    action: 'comment',
    response: z.array(MentionableUser),
    handle: async ({ scope }) => ok(await members.mentionable(scope)),
  })
