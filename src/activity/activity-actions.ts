/** All that the activity tells of, family by family. */
export const activityActions = [
  'drive.created', 'drive.updated',
  'member.added', 'member.updated', 'member.removed',
  'asset.created', 'asset.inspected', 'asset.rendered', 'asset.moved', 'asset.deleted', 'asset.restored', 'asset.purged', 'asset.thumbnail_set', 'asset.thumbnail_reset', 'asset.retried',
  'folder.created', 'folder.moved', 'folder.deleted',
  'trash.emptied',
  'face.added', 'face.updated', 'face.removed',
  'individual.created', 'individual.updated', 'individual.merged', 'individual.deleted',
] as const
export type ActivityAction = (typeof activityActions)[number]

/** What comes before the dot: `asset` stands for all that is done with assets. */
export const activityFamilies = [...new Set(activityActions.map((action) => action.slice(0, action.indexOf('.'))))]

/** The actions of a family, or the one that is named. */
export const actionsNamed = (word: string): readonly ActivityAction[] => activityActions.filter((action) => action === word || action.startsWith(`${word}.`))
