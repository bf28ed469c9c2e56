import type { DriveScope } from '../../access/scope.ts'
import { type AssetPath, splitName } from '../../model/asset-path.ts'
import type { IngestRepository } from './ingest.repository.ts'
import { type FileFacts, hashOf } from './local-file.ts'

interface Wanted {
  readonly file: string
  readonly path: AssetPath
  readonly facts: FileFacts
}

/** A file that is there already, as it is or as one of its later versions: by size and time of change, else by its content. */
export async function knownFile(ingest: IngestRepository, scope: DriveScope<'edit'>, { file, path, facts: { size, modified } }: Wanted) {
  const versions = await versionsOf(ingest, scope, path)
  const sameSize = versions.filter((each) => each.sizeBytes === size)
  const untouched = sameSize.find((each) => each.sourceModifiedAt?.getTime() === modified.getTime())
  if (untouched || sameSize.length === 0) return { same: untouched, versions }
  const hash = await hashOf(file)
  const same = sameSize.find((each) => each.contentHash?.equals(hash))
  if (same) await ingest.noteModified(scope, same.id, modified)
  return { same, versions }
}

/** What has the path, or a name that `versionedName` or `numberedName` made of it. */
async function versionsOf(ingest: IngestRepository, scope: DriveScope<'edit'>, { directory, name }: AssetPath) {
  const { stem, extension } = splitName(name)
  const found = await ingest.namesakes(scope, directory, stem)
  return found.filter((each) => each.name === name || (each.name.endsWith(extension) && /^(_v\d+| \(\d+\))$/.test(each.name.slice(stem.length, each.name.length - extension.length))))
}
