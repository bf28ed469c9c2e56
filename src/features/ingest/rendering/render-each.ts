import { MediaError } from '../../../ports/media-engine.ts'
import type { Renderable } from '../ingest.jobs.ts'

interface Results<T> {
  readonly well: readonly { readonly outputs: readonly Renderable[]; readonly made: T }[]
  readonly badly: readonly { readonly outputs: readonly Renderable[]; readonly error: MediaError }[]
}

/** What is made together: the palette is that of the previews. */
const GROUPS: readonly (readonly Renderable[])[] = [['preview', 'color_palette'], ['proxy'], ['audio_proxy'], ['audio']]

/**
 * All in one go; where the file does not allow that, each by itself, so that sound that cannot be decoded costs nobody the pictures.
 * What fails for another reason than the file fails the whole: it is tried again.
 */
export async function eachAlone<T>(outputs: readonly Renderable[], make: (outputs: readonly Renderable[]) => Promise<T>): Promise<Results<T>> {
  const groups = GROUPS.map((group) => group.filter((each) => outputs.includes(each))).filter((group) => group.length > 0)
  try {
    return { well: [{ outputs, made: await make(outputs) }], badly: [] }
  } catch (error) {
    if (!(error instanceof MediaError)) throw error
    if (groups.length === 1 || error.isBeyondLimits) return { well: [], badly: [{ outputs, error }] }
  }
  const well: Results<T>['well'][number][] = []
  const badly: Results<T>['badly'][number][] = []
  for (const group of groups)
    try {
      well.push({ outputs: group, made: await make(group) })
    } catch (error) {
      if (!(error instanceof MediaError)) throw error
      badly.push({ outputs: group, error })
    }
  return { well, badly }
}
