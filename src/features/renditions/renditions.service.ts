import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { AssetScope } from '../../access/scope.ts'
import { AppError, notFound } from '../../errors.ts'
import { splitName } from '../../model/asset-path.ts'
import { dispositionFor } from '../../model/content-disposition.ts'
import type { JobState } from '../../model/job-names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LinkSigner } from '../../ports/link-signer.ts'
import type { ByteRange, ObjectHead, ObjectStorage } from '../../ports/object-storage.ts'
import { inFewerPoints } from './fewer-points.ts'
import type { RenditionViewRepository, StoryboardFacts } from './rendition-views.repository.ts'
import type { Storyboard, Waveform } from './renditions.schemas.ts'
import { storyboardVtt } from './storyboard-vtt.ts'

export type RenditionService = ReturnType<typeof createRenditionService>

interface Needs {
  readonly store: { readonly renditionViews: RenditionViewRepository }
  readonly storage: ObjectStorage
  readonly links: LinkSigner
  readonly clock: Clock
}
/** Bytes to be sent, under the id of what was made: another making has another. */
interface Content {
  readonly head: ObjectHead
  readonly open: (range: ByteRange | undefined) => Promise<Readable>
}
interface WaveformOrder {
  readonly points: number | undefined
  readonly signal: AbortSignal
}

const daySeconds = 86_400

export function createRenditionService({ store, storage, links, clock }: Needs) {
  async function storyboardOf(scope: AssetScope<'read'>) {
    const found = await store.renditionViews.find(scope, { kind: 'storyboard', job: 'preview' })
    if (!found) throw notFound('Asset')
    const { rendition, object, durationSeconds, jobState } = found
    if (!rendition?.facts || !object) throw notMade('Storyboard', jobState, 'only films have one')
    const sheet = { url: links.picture(object.key), ...layoutOf(rendition.facts) }
    return { storyboard: { ...sheet, width: rendition.width ?? sheet.width, height: rendition.height ?? sheet.height }, durationSeconds }
  }

  async function waveformOf(scope: AssetScope<'read'>, kind: 'waveform' | 'waveform_image') {
    const found = await store.renditionViews.find(scope, { kind, job: 'audio' })
    if (!found) throw notFound('Asset')
    const { rendition, object, name, jobState } = found
    if (!rendition || !object) throw notMade('Waveform', jobState, 'the asset has no sound')
    return { rendition, object, name }
  }

  return {
    storyboard: async (scope: AssetScope<'read'>): Promise<Storyboard> => (await storyboardOf(scope)).storyboard,

    /** For players, as WebVTT. */
    async storyboardVtt(scope: AssetScope<'read'>): Promise<string> {
      const { storyboard, durationSeconds } = await storyboardOf(scope)
      return storyboardVtt(storyboard, durationSeconds === null ? null : Number(durationSeconds))
    },

    /** As it is stored or, where that has more points, in fewer. */
    async waveform(scope: AssetScope<'read'>, { points, signal }: WaveformOrder): Promise<Content> {
      const { rendition, object } = await waveformOf(scope, 'waveform')
      const open = async (range: ByteRange | undefined) => {
        const opened = await storage.open(object.key, { signal, ...(range && { range }) })
        if (!opened) throw notFound('Waveform')
        return opened.body
      }
      const head = { size: object.sizeBytes, etag: rendition.id, modified: rendition.createdAt }
      if (points === undefined) return { head, open }
      const whole = JSON.parse((await buffer(await open(undefined))).toString()) as Waveform // written by us
      const text = Buffer.from(JSON.stringify(inFewerPoints(whole, points)))
      const part = ({ start, end }: ByteRange) => text.subarray(start, end === undefined ? undefined : end + 1)
      return { head: { ...head, size: text.length, etag: `${rendition.id}-${points}` }, open: async (range) => Readable.from([range ? part(range) : text], { objectMode: false }) }
    },

    async waveformLink(scope: AssetScope<'read'>): Promise<string> {
      const { object, name } = await waveformOf(scope, 'waveform_image')
      const { key, contentType } = object
      return storage.signGet(key, { disposition: dispositionFor('inline', `${splitName(name).stem}.png`), contentType, expires: new Date(clock.now().getTime() + daySeconds * 1000) })
    },
  }
}

function layoutOf({ columns, tile: [tileWidth, tileHeight], tiles }: StoryboardFacts): Omit<Storyboard, 'url'> {
  const rows = Math.ceil(tiles.length / columns)
  return {
    width: columns * tileWidth,
    height: rows * tileHeight,
    columns,
    rows,
    tile_width: tileWidth,
    tile_height: tileHeight,
    tiles: tiles.map(([frame, timestamp], index) => ({ frame, timestamp, x: (index % columns) * tileWidth, y: Math.floor(index / columns) * tileHeight })),
  }
}

/** The job says whether there is one to wait for; `otherwise` why there is none where it is done. */
const notMade = (what: string, state: JobState | null, otherwise: string) => new AppError('not_found', `${what} not found: ${state === 'COMPLETED' ? otherwise : reasons[state ?? 'NOT_STARTED']}`)
const reasons: Readonly<Record<Exclude<JobState, 'COMPLETED'>, string>> = {
  NOT_STARTED: 'it was not made yet',
  IN_PROGRESS: 'it is being made',
  FAILED: 'making it has failed; the asset’s jobs tell why',
}
