import type { Probe, VideoStream } from '../../src/ports/media-engine.ts'

/** What a probe says of an ordinary film, but for what a test is about. */
export const aProbe = (video: Partial<VideoStream> = {}, rest: Partial<Probe> = {}): Probe => ({
  format: 'mp4', durationSeconds: 4, bitRate: null, audio: null, timecode: null, createdAt: null, camera: null, lens: null, streams: [],
  video: {
    codec: 'h264', profile: null, width: 320, height: 180, displayWidth: 320, displayHeight: 180, rotation: 0, sampleAspect: null, fieldOrder: null,
    frameRate: { num: 25, den: 1 }, isVariableRate: false, frameCount: 100,
    colorSpace: null, colorRange: null, colorPrimaries: null, colorTransfer: null, hdr: null, pixelFormat: 'yuv420p', bitDepth: 8,
    ...video,
  },
  ...rest,
}) // prettier-ignore
