import { z } from 'zod'

/** What whoever brings a file over HTTP says where its path is taken: leave it to the asset that has it, `file (2).mov`, or `file_v2.mov`. */
export const OnTaken = z.enum(['refuse', 'rename', 'version'])
export type OnTaken = z.infer<typeof OnTaken>
