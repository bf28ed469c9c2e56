import type { DriveScope } from '../../access/scope.ts'
import type { AssetType } from '../../model/asset-type.ts'
import type { Clock } from '../../ports/clock.ts'
import { dayBefore } from './days.ts'
import type { Measured, UsageRepository } from './usage.repository.ts'
import type { Usage } from './usage.schemas.ts'

export type UsageService = ReturnType<typeof createUsageService>

const daysShown = 30

interface Needs {
  readonly store: { readonly usage: UsageRepository }
  readonly clock: Clock
}

export const createUsageService = ({ store, clock }: Needs) => ({
  async get(scope: DriveScope<'manage'>): Promise<Usage> {
    const days = Array.from({ length: daysShown }, (_, index) => dayBefore(clock.now(), daysShown - 1 - index))
    const measured = await store.usage.of(scope, days[0] ?? '')
    return { drive_id: scope.driveId, ...present(measured, days) }
  },
})

function present(measured: readonly Measured[], days: readonly string[]): Omit<Usage, 'drive_id'> {
  const of = (measure: string) => measured.filter((each) => each.measure === measure)
  const one = (measure: string) => of(measure)[0] ?? { count: 0, bytes: 0 }
  const types = of('asset_type').sort(mostFirst)
  const byDay = new Map(of('asset_day').map((each) => [each.label, each]))
  return {
    total_assets: types.reduce((sum, { count }) => sum + count, 0),
    total_size_bytes: types.reduce((sum, { bytes }) => sum + bytes, 0),
    trash_assets: one('trash').count,
    trash_size_bytes: one('trash').bytes,
    by_type: types.map(({ label, count, bytes }) => ({ type: label as AssetType, count, size_bytes: bytes })), // written from the same list
    by_extension: of('asset_extension').sort(mostFirst).map(({ label, count, bytes }) => ({ extension: label, count, size_bytes: bytes })),
    proxies_size_bytes: one('proxy').bytes,
    previews_size_bytes: one('preview').bytes,
    attachments_size_bytes: one('attachment').bytes,
    // Zero until a trigger on their tables appends them.
    transcription_seconds: one('transcription_second').count,
    comments: one('comment').count,
    last_30_days: days.map((date) => ({ date, assets: byDay.get(date)?.count ?? 0, size_bytes: byDay.get(date)?.bytes ?? 0 })),
  }
}

const mostFirst = (one: Measured, other: Measured) => other.count - one.count || (one.label < other.label ? -1 : 1)
