import { z } from 'zod'
import { driveRoute, ok, type Route } from '../../../http/define-route.ts'
import { optionalQueryBoolean } from '../../../http/query-values.ts'
import { pageOf, pageQuery } from '../../../model/cursor.ts'
import { Individual, IndividualChange, IndividualDraft } from '../faces.schemas.ts'
import type { IndividualService } from './individuals.service.ts'

const tag = 'Faces'
const drive = 'path'
const params = { individual_id: z.guid().describe('The individual') }
const named = optionalQueryBoolean('Only those with a name, or only those without')

export const individualRoutes = (individuals: IndividualService): Route[] => [...listing(individuals), ...each(individuals)]

const listing = (individuals: IndividualService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/individuals',
    drive,
    operationId: 'listIndividuals',
    tag,
    summary: 'List the people whose faces are seen on a drive',
    action: 'read',
    query: { ...pageQuery, named },
    response: pageOf(Individual),
    handle: async ({ scope, query }) => ok(await individuals.list(scope, query, query.named)),
  }),
  driveRoute({
    method: 'POST',
    path: '/individuals',
    drive,
    operationId: 'createIndividual',
    tag,
    summary: 'Add somebody whose faces are still to come',
    action: 'edit',
    body: IndividualDraft,
    response: Individual,
    handle: async ({ scope, body }) => ok(await individuals.create(scope, body.name)),
  }),
]

const each = (individuals: IndividualService): Route[] => [
  driveRoute({
    method: 'GET',
    path: '/individuals/{individual_id}',
    drive,
    operationId: 'getIndividual',
    tag,
    summary: 'Get an individual',
    action: 'read',
    params,
    response: Individual,
    handle: async ({ scope, params }) => ok(await individuals.get(scope, params.individual_id)),
  }),
  driveRoute({
    method: 'PUT',
    path: '/individuals/{individual_id}',
    drive,
    operationId: 'updateIndividual',
    tag,
    summary: 'Name an individual, or merge it into another',
    description: 'A name is that of all faces. Merged, the other individual gets the faces, and is answered.',
    action: 'edit',
    params,
    body: IndividualChange,
    response: Individual,
    handle: async ({ scope, params, body }) => ok(await individuals.update(scope, params.individual_id, body)),
  }),
  driveRoute({
    method: 'DELETE',
    path: '/individuals/{individual_id}',
    drive,
    operationId: 'deleteIndividual',
    tag,
    summary: 'Delete an individual; the faces stay',
    action: 'edit',
    params,
    response: z.literal(true),
    handle: async ({ scope, params }) => ok(await individuals.remove(scope, params.individual_id)),
  }),
]
