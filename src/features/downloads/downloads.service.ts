import { allows, type AssetScope, type DriveScope } from '../../access/scope.ts'
import { AppError, notFound } from '../../errors.ts'
import { splitName } from '../../model/asset-path.ts'
import { dispositionFor } from '../../model/content-disposition.ts'
import type { RenditionKind } from '../../objects/object-keys.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { ObjectStorage } from '../../ports/object-storage.ts'
import type { DownloadRepository } from './downloads.repository.ts'

export type DownloadService = ReturnType<typeof createDownloadService>
export type Origin = 'SOURCE' | 'PROXY' | 'AUDIO_PROXY' | 'PREVIEW'

interface Needs {
  readonly store: { readonly downloads: DownloadRepository }
  readonly storage: ObjectStorage
  readonly links: LinkSigner
  readonly clock: Clock
}
interface Wish {
  /** What the saved file is to be called; absent = after the asset. */
  readonly name?: string | undefined
  readonly inline: boolean
}

const daySeconds = 86_400
const made: Readonly<Record<Exclude<Origin, 'SOURCE'>, { readonly kind: RenditionKind; readonly instead?: RenditionKind; readonly extension: string; readonly what: string }>> = {
  PROXY: { kind: 'proxy', extension: 'mp4', what: 'Proxy' },
  AUDIO_PROXY: { kind: 'audio_proxy', extension: 'm4a', what: 'Audio proxy' },
  PREVIEW: { kind: 'thumbnail', instead: 'poster', extension: 'jpg', what: 'Preview' },
}

/** Only these are played; of the others an id is none of a proxy. */
const extensionOfProxy: Readonly<Record<string, string>> = { proxy: 'mp4', audio_proxy: 'm4a' }

export function createDownloadService({ store, storage, links, clock }: Needs) {
  const inADay = () => new Date(clock.now().getTime() + daySeconds * 1000)

  const sign = ({ key, contentType }: { key: string; contentType: string }, fileName: string, { inline }: Wish) =>
    storage.signGet(key, { disposition: dispositionFor(inline ? 'inline' : 'attachment', fileName), contentType, expires: inADay() })

  async function sourceLink(scope: AssetScope<'download'>, wish: Wish): Promise<string> {
    const source = await store.downloads.source(scope)
    if (!source) throw notFound('Asset')
    return sign(source, wish.name || source.name, wish)
  }

  return {
    sourceLink,

    /** A link, good for a day. Looking at what was made of an asset is reading; its file, and saving, is downloading. */
    async link(scope: AssetScope<'read'>, origin: Origin, wish: Wish): Promise<string> {
      if (origin === 'SOURCE') return sourceLink(forDownload(scope), wish)
      if (!wish.inline) forDownload(scope)
      const { extension, what, ...wanted } = made[origin]
      const found = await store.downloads.rendition(scope, wanted)
      if (!found) throw notFound('Asset')
      if (found.key === null || found.contentType === null) throw notFound(what)
      const { key, contentType, name } = { ...found, key: found.key, contentType: found.contentType }
      return sign({ key, contentType }, wish.name || renamed(name, extension), wish)
    },

    async previewLink(scope: DriveScope<'read'>, previewId: string): Promise<string> {
      const key = await store.downloads.previewKey(scope, previewId)
      if (key === undefined) throw notFound('Preview')
      return links.picture(key)
    },

    async proxyLink(scope: DriveScope<'read'>, proxyId: string): Promise<string> {
      const found = await store.downloads.renditionById(scope, proxyId)
      const extension = extensionOfProxy[found?.kind ?? '']
      if (!found || extension === undefined) throw notFound('Proxy')
      return sign(found, renamed(found.name, extension), { inline: true })
    },
  }
}

/** The scope as that of who may download, or the refusal. */
function forDownload(scope: AssetScope<'read'>): AssetScope<'download'> {
  if (!allows(scope, 'download')) throw new AppError('forbidden', 'This needs the role DOWNLOADER on the drive; with download=false a VIEWER may look at proxies and previews')
  return scope
}

/** The asset's name with the extension of what was made of it. */
const renamed = (name: string, extension: string) => `${splitName(name).stem}.${extension}`
