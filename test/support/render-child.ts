import { createFfmpeg } from '../../src/adapters/ffmpeg/ffmpeg.ts'

/** Renders until it is killed; says `rendering` once ffmpeg is at it. */
const [, , source = '', folder = ''] = process.argv
const { signal } = new AbortController()
const engine = createFfmpeg({ tempDir: folder, slots: 1 })
const probe = await engine.probe(source, signal)
await engine.render({ source, probe, proxy: { path: `${folder}/proxy.mp4` }, signal, onProgress: () => process.stdout.write('rendering\n') })
