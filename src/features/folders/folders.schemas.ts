import { z } from 'zod'
import { jobStates } from '../../model/job-names.ts'

export const Folder = z
  .object({
    path: z.string().describe('Led by the drive: `/{drive_id}/folder/sub`'),
    name: z.string(),
    asset_count: z.int().describe('Assets below it, at any depth'),
  })
  .meta({ id: 'Folder' })
export type Folder = z.infer<typeof Folder>

export const FolderOperation = z
  .object({
    id: z.guid(),
    kind: z.enum(['move', 'delete']),
    path: z.string(),
    new_path: z.string().nullable(),
    state: z.enum(jobStates).describe('COMPLETED at once, where there is little to do; else a job works on it'),
    total: z.int().describe('Assets that were below the folder'),
    done: z.int(),
    error: z.string().nullable().describe('Why the last try failed'),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
  })
  .meta({ id: 'FolderOperation' })
export type FolderOperation = z.infer<typeof FolderOperation>

export const folderPath = z.string().max(4096)
export const FolderDraft = z.object({ path: folderPath.describe('Bare, or led by the drive’s id; with a slash at its end or without') }).meta({ id: 'FolderDraft' })
export const FolderMove = z.object({ path: folderPath.meta({ description: 'The folder as it lies', examples: ['/spots'] }), new_path: folderPath.meta({ description: 'Where it is to lie, with its own name', examples: ['/archive/spots'] }) }).meta({ id: 'FolderMove' })
