import { describe, expect, test } from 'vitest'
import type { Renderable } from '../../src/features/ingest/ingest.jobs.ts'
import { eachAlone } from '../../src/features/ingest/rendering/render-each.ts'
import { MediaError } from '../../src/ports/media-engine.ts'

const all: readonly Renderable[] = ['preview', 'color_palette', 'proxy', 'audio_proxy', 'audio']

/** Makes what is wanted, unless one of these is among it; and tells what was asked. */
function maker(broken: readonly Renderable[], fault: Error = new MediaError('It does not decode.')) {
  const asked: (readonly Renderable[])[] = []
  return {
    asked,
    make: async (outputs: readonly Renderable[]) => {
      asked.push(outputs)
      if (outputs.some((each) => broken.includes(each))) throw fault
      return outputs.join('+')
    },
  }
}

describe('what is made of a source', () => {
  test('is made in one go where it can be', async () => {
    const { make, asked } = maker([])
    expect(await eachAlone(all, make)).toEqual({ well: [{ outputs: all, made: all.join('+') }], badly: [] })
    expect(asked.length).toBe(1)
  })

  test('comes one by one where something of it cannot, and only that fails', async () => {
    const { make } = maker(['audio', 'audio_proxy'])
    const { well, badly } = await eachAlone(all, make)
    expect(well.map((each) => each.made)).toEqual(['preview+color_palette', 'proxy'])
    expect(badly.map((each) => [each.outputs, each.error.message])).toEqual([[['audio_proxy'], 'It does not decode.'], [['audio'], 'It does not decode.']])
  })

  test('is not tried in parts where it is one, or where it asked for too much', async () => {
    const palette = maker(['color_palette'])
    expect((await eachAlone(['preview', 'color_palette'], palette.make)).badly.map((each) => each.outputs)).toEqual([['preview', 'color_palette']])
    const endless = maker(['proxy'], new MediaError('It took longer than allowed.', { isBeyondLimits: true }))
    expect((await eachAlone(all, endless.make)).badly.map((each) => each.outputs)).toEqual([all])
    expect([palette.asked.length, endless.asked.length]).toEqual([1, 1])
  })

  test('fails whole for what is no fault of the file, to be tried again', async () => {
    await expect(eachAlone(all, maker(['audio'], new Error('disk full')).make)).rejects.toThrow('disk full')
  })
})
