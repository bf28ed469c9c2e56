/**
 * What is right to say of each source of `make-corpus.sh`: written by hand from how it is made, never taken from a probe.
 * Silence means that the word must not be said, for those of `STRICT` in `compare.ts`; null says so for any other.
 */
export interface Expected {
  readonly source: string
  readonly words?: Words
  /** The start of the reason that its owner is given when it is looked at … */
  readonly fails?: string
  /** … or when something is made of it. */
  readonly rendersNot?: string
}

export type Words = Readonly<Record<string, string | number | boolean | null>>

/** Whatever it is. */
export const ANY = '*'

const film = { width: 320, height: 180, frame_rate: '25/1', pixel_format: 'yuv420p', bit_depth: 8, variable_frame_rate: false, rotation: 0 }
const h264 = { ...film, container: 'mp4', video_codec: 'h264', video_profile: 'High', sample_aspect_ratio: '1:1', duration: 2 }
const hevc = { ...film, container: 'mp4', video_codec: 'hevc', video_profile: 'Main 10', pixel_format: 'yuv420p10le', bit_depth: 10, duration: 1, color_space: 'bt2020nc', color_primaries: 'bt2020', color_range: 'tv' }
const second = { ...film, duration: 1 }
/** JPEG is of full range and BT.601. */
const jfif = { color_range: 'pc', color_space: 'bt470bg' }
const stereo = { channels: 2, channel_layout: 'stereo', sample_rate: 48000, audio_tracks: 1 }
const mono = { channels: 1, channel_layout: 'mono', sample_rate: 48000, audio_tracks: 1 }
const aac = { ...stereo, audio_codec: 'aac', audio_bit_depth: null }
const pcm = (bits: number) => ({ audio_codec: `pcm_s${bits}le`, audio_bit_depth: bits })
const sampled = (sample_rate: number) => ({ sample_rate })
const timecode = (written: string) => ({ timecode: written, drop_frame: written.includes(';') })

const RATES: readonly Expected[] = [
  { source: 'film-23.976.mp4', words: { ...h264, ...aac, frame_rate: '24000/1001', duration: 2.002, frame_count: 48, stream_0: 'video h264 320x180 yuv420p 24000/1001', stream_1: 'audio aac stereo 48000 Hz', stream_2: null } },
  { source: 'film-24.mov', words: { ...h264, ...stereo, ...pcm(16), ...timecode('10:00:00:00'), container: 'mov', frame_rate: '24/1', frame_count: 48, stream_2: 'data tmcd 10:00:00:00' } },
  { source: 'pal-25.mp4', words: { ...h264, ...aac, frame_count: 50 } },
  { source: 'drop-29.97.mov', words: { ...h264, ...stereo, ...pcm(16), ...timecode('01:00:00;02'), container: 'mov', frame_rate: '30000/1001', duration: 2.002 } },
  { source: 'drop-59.94.mov', words: { ...h264, ...timecode('09:59:59;58'), container: 'mov', frame_rate: '60000/1001', duration: 2.002 } },
  { source: 'non-drop-29.97.mov', words: { ...h264, ...timecode('00:59:59:00'), container: 'mov', frame_rate: '30000/1001', duration: 1.001 } },
  { source: 'sport-50.mp4', words: { ...h264, frame_rate: '50/1', duration: 1, stream_1: null } },
  { source: 'game-60.mkv', words: { ...h264, ...mono, audio_codec: 'opus', container: 'matroska', frame_rate: '60/1', duration: 1 } },
  { source: 'slow-120.mp4', words: { ...h264, frame_rate: '120/1', duration: 1, frame_count: 120 } },
  { source: 'lapse-1.mp4', words: { ...h264, frame_rate: '1/1', duration: 3, frame_count: 3 } },
  { source: 'thousand.mp4', words: { ...h264, video_profile: 'Constrained Baseline', width: 64, height: 36, frame_rate: '1000/1', duration: 1, frame_count: 1000 } },
  { source: 'screen-variable.mp4', words: { ...h264, frame_rate: ANY, variable_frame_rate: true } },
  { source: 'wrap-24h.mov', words: { ...h264, ...timecode('23:59:59:00'), container: 'mov' } },
]

const SHAPES: readonly Expected[] = [
  ...[90, 180, 270].map((rotation) => ({
    source: `rotated-${rotation}.mp4`,
    words: { ...h264, ...aac, rotation, ...(rotation === 180 ? {} : { width: 180, height: 320 }), stream_0: 'video h264 320x180 yuv420p 25/1' },
  })),
  { source: 'anamorphic.mp4', words: { ...h264, duration: 1, height: 180, sample_aspect_ratio: '4:3' } },
  { source: 'odd-321x181.mkv', words: { ...second, container: 'matroska', video_codec: 'ffv1', width: 321, height: 181 } },
  { source: 'tiny-2x2.mkv', words: { ...second, container: 'matroska', video_codec: 'ffv1', width: 2, height: 2, pixel_format: ANY } },
  { source: 'upright.mp4', words: { ...h264, duration: 1, frame_rate: '30/1', width: 180, height: 320 } },
  { source: 'wide-vp9.webm', words: { ...second, container: 'matroska', frame_rate: '30/1', width: 640, height: 64, video_codec: 'vp9', video_profile: 'Profile 0', color_range: 'tv' } },
  { source: 'dvd.mpg', words: { ...second, ...stereo, container: 'mpeg', width: 1024, height: 576, sample_aspect_ratio: '64:45', video_codec: 'mpeg2video', video_profile: 'Main', field_order: 'top', audio_codec: 'mp2', color_range: 'tv' } },
  { source: 'xdcam.mxf', words: { ...second, ...mono, ...pcm(24), ...timecode('10:11:12:13'), container: 'mxf', width: 1920, height: 1080, pixel_format: 'yuv422p', video_codec: 'mpeg2video', video_profile: '4:2:2', field_order: 'top' } },
  { source: 'avchd.mts', words: { ...h264, ...stereo, container: 'mpegts', frame_rate: '30000/1001', duration: 1, field_order: 'top', audio_codec: 'ac3' } },
  { source: 'dv-ntsc.mov', words: { ...second, ...stereo, ...pcm(16), container: 'mov', width: 640, height: 480, sample_aspect_ratio: '8:9', frame_rate: '30000/1001', pixel_format: 'yuv411p', video_codec: 'dvvideo', field_order: 'bottom' } },
  { source: 'dv-pal.dv', words: { ...second, ...stereo, ...pcm(16), ...timecode('00:00:00:00'), container: 'dv', width: 1024, height: 576, sample_aspect_ratio: '64:45', video_codec: 'dvvideo', field_order: 'bottom' } },
  { source: 'prores-bff.mov', words: { ...second, container: 'mov', pixel_format: 'yuv422p10le', bit_depth: 10, video_codec: 'prores', video_profile: 'Standard', field_order: 'bottom' } },
]

const TIMES: readonly Expected[] = [
  { source: 'open-gop.mp4', words: { ...h264, duration: 3, frame_count: 75 } },
  { source: 'negative-cts.mp4', words: { ...h264, frame_count: 50 } },
  { source: 'late-sound.mp4', words: { ...h264, ...aac } },
  { source: 'late-picture.mkv', words: { ...h264, ...aac, container: 'matroska' } },
  { source: 'cut-by-edit-list.mp4', words: { ...h264, ...aac, duration: 1.5 } },
  { source: 'long-sound.mp4', words: { ...h264, ...aac, duration: 1 } },
  { source: 'starts-at-10s.ts', words: { ...h264, ...aac, container: 'mpegts' } },
  { source: 'fragmented.mp4', words: { ...h264, ...aac } },
  { source: 'recorder.webm', words: { ...second, ...mono, container: 'matroska', frame_rate: '30/1', duration: 2, video_codec: 'vp8', audio_codec: 'opus' } },
  { source: 'claims-10h.mp4', words: { ...h264, ...aac } },
  { source: 'claims-10h.mkv', words: { ...h264, container: 'matroska' } },
  { source: 'claims-10h.avi', words: { ...film, container: 'avi', duration: 2, video_codec: 'mpeg4' } },
]

const COLOURS: readonly Expected[] = [
  { source: 'hdr10.mp4', words: { ...hevc, color_transfer: 'smpte2084', hdr: 'HDR10', stream_0: 'video hevc 320x180 yuv420p10le 25/1' } },
  { source: 'hdr10.ts', words: { ...hevc, container: 'mpegts', color_transfer: 'smpte2084', hdr: 'HDR10' } },
  { source: 'pq.mp4', words: { ...hevc, color_transfer: 'smpte2084', hdr: 'PQ' } },
  { source: 'hlg.mp4', words: { ...hevc, ...aac, frame_rate: '50/1', color_transfer: 'arib-std-b67', hdr: 'HLG' } },
  { source: 'full-range.mp4', words: { ...h264, duration: 1, pixel_format: ANY, color_range: 'pc', color_space: 'bt709', color_primaries: 'bt709', color_transfer: 'bt709' } },
  { source: 'pal-colours.mp4', words: { ...h264, duration: 1, color_range: 'tv', color_space: 'bt470bg', color_primaries: 'bt470bg', color_transfer: 'bt470bg' } },
  { source: 'rgb.mkv', words: { ...h264, container: 'matroska', duration: 1, pixel_format: 'gbrp', video_profile: 'High 4:4:4 Predictive', color_space: 'gbr' } },
  { source: 'chroma-444.mp4', words: { ...h264, duration: 1, pixel_format: 'yuv444p', video_profile: 'High 4:4:4 Predictive' } },
  { source: 'chroma-422-10.mov', words: { ...h264, ...stereo, ...pcm(24), container: 'mov', duration: 1, pixel_format: 'yuv422p10le', bit_depth: 10, video_profile: 'High 4:2:2' } },
  { source: 'alpha.mov', words: { ...second, container: 'mov', pixel_format: 'argb', video_codec: 'qtrle' } },
  { source: 'alpha-prores.mov', words: { ...second, container: 'mov', frame_rate: '24/1', pixel_format: 'yuva444p12le', bit_depth: 12, video_codec: 'prores', video_profile: '4444' } },
]

const CODECS: readonly Expected[] = [
  { source: 'prores-hq.mov', words: { ...second, ...stereo, ...pcm(24), ...timecode('01:00:00:00'), container: 'mov', frame_rate: '24000/1001', pixel_format: 'yuv422p10le', bit_depth: 10, video_codec: 'prores', video_profile: 'HQ' } },
  { source: 'dnxhr-hqx.mxf', words: { ...second, ...mono, ...pcm(16), ...timecode('02:00:00:00'), container: 'mxf', width: 640, height: 360, pixel_format: 'yuv422p10le', bit_depth: 10, video_codec: 'dnxhd', video_profile: 'DNXHR HQX', color_space: 'bt709' } },
  { source: 'dnxhd.mov', words: { ...second, container: 'mov', width: 1920, height: 1080, pixel_format: 'yuv422p', video_codec: 'dnxhd', video_profile: 'DNXHD', color_space: 'bt709' } },
  { source: 'photo.mov', words: { ...second, ...mono, ...pcm(16), container: 'mov', frame_rate: '15/1', pixel_format: 'yuvj420p', video_codec: 'mjpeg', ...jfif } },
  { source: 'webcam.avi', words: { ...second, ...mono, ...sampled(22050), container: 'avi', frame_rate: '15/1', pixel_format: 'yuvj422p', video_codec: 'mjpeg', ...jfif, audio_codec: 'pcm_u8', audio_bit_depth: 8 } },
  { source: 'divx.avi', words: { ...second, ...stereo, ...sampled(44100), container: 'avi', video_codec: 'mpeg4', video_profile: 'Simple Profile', audio_codec: 'mp3' } },
  { source: 'vp8.webm', words: { ...second, ...stereo, container: 'matroska', video_codec: 'vp8', audio_codec: 'vorbis' } },
  { source: 'vp9-10.webm', words: { ...second, container: 'matroska', pixel_format: 'yuv420p10le', bit_depth: 10, video_codec: 'vp9', video_profile: 'Profile 2', color_range: 'tv' } },
  { source: 'av1.mp4', words: { ...film, container: 'mp4', duration: 0.4, video_codec: 'av1', video_profile: 'Main' } },
  { source: 'mpeg1.mpg', words: { ...second, duration: 2, ...mono, ...sampled(44100), container: 'mpeg', video_codec: 'mpeg1video', audio_codec: 'mp2' } },
  { source: 'h263.3gp', words: { ...second, ...mono, ...sampled(44100), container: '3gp', frame_rate: '15/1', width: 176, height: 144, video_codec: 'h263', audio_codec: 'aac' } },
  { source: 'theora.ogv', words: { ...second, ...stereo, ...sampled(44100), container: 'ogg', video_codec: 'theora', audio_codec: 'vorbis' } },
  { source: 'sorenson.flv', words: { ...second, ...mono, ...sampled(44100), container: 'flv', video_codec: 'flv1', audio_codec: 'mp3' } },
  { source: 'stream.flv', words: { ...h264, ...aac, container: 'flv' } },
  { source: 'office.wmv', words: { ...second, ...stereo, ...sampled(44100), container: 'asf', video_codec: 'wmv2', audio_codec: 'wmav2' } },
  { source: 'broadcast.gxf', words: { ...second, ...mono, ...pcm(16), ...timecode('03:00:00:00'), container: 'gxf', width: 720, height: 576, video_codec: 'mpeg2video' } },
  { source: 'anything.nut', words: { ...second, ...mono, ...pcm(16), container: 'nut', video_codec: 'rawvideo' } },
  { source: 'huffyuv.avi', words: { ...second, container: 'avi', pixel_format: 'yuv422p', video_codec: 'huffyuv' } },
  { source: 'raw-bgr.avi', words: { ...second, container: 'avi', width: 64, height: 36, pixel_format: 'bgr24', video_codec: 'rawvideo' } },
  { source: 'v210.mov', words: { ...second, container: 'mov', pixel_format: 'yuv422p10le', bit_depth: 10, video_codec: 'v210' } },
  { source: 'ffv1-16.mkv', words: { ...second, container: 'matroska', pixel_format: 'yuv444p16le', bit_depth: 16, video_codec: 'ffv1' } },
  { source: 'cinepak.avi', words: { ...second, container: 'avi', frame_rate: '12/1', pixel_format: 'rgb24', video_codec: 'cinepak' } },
]

const SOUND: readonly Expected[] = [
  { source: 'eight-mono.mov', words: { ...h264, ...pcm(24), container: 'mov', duration: 1, channels: 8, sample_rate: 48000, audio_tracks: 8, stream_9: null } },
  { source: 'mono-pair.mov', words: { ...h264, ...stereo, ...pcm(16), container: 'mov', duration: 1, audio_tracks: 2 } },
  { source: 'two-languages.mkv', words: { ...h264, ...mono, container: 'matroska', duration: 1, audio_codec: 'flac', audio_bit_depth: 16, audio_tracks: 2, stream_1: 'audio flac mono 48000 Hz eng', stream_2: 'audio flac mono 48000 Hz deu' } },
  { source: 'surround-5.1.mp4', words: { ...h264, ...aac, duration: 1, channels: 6, channel_layout: '5.1', stream_1: 'audio aac 5.1 48000 Hz eng' } },
  { source: 'surround-7.1.mkv', words: { ...h264, container: 'matroska', duration: 1, audio_codec: 'flac', audio_bit_depth: 16, channels: 8, channel_layout: '7.1', sample_rate: 48000, audio_tracks: 1 } },
  { source: 'eight-untold.mkv', words: { ...h264, ...pcm(24), container: 'matroska', duration: 1, channels: 8, channel_layout: null, sample_rate: 48000, audio_tracks: 1, stream_1: 'audio pcm_s24le 8 channels 48000 Hz' } },
  { source: 'studio.wav', words: { ...stereo, ...pcm(24), ...sampled(96000), container: 'wav', duration: 1 } },
  { source: 'float.w64', words: { ...mono, container: 'w64', duration: 1, audio_codec: 'pcm_f32le', audio_bit_depth: 32 } },
  { source: 'song.mp3', words: { ...stereo, ...sampled(44100), container: 'mp3', duration: 2, audio_codec: 'mp3', stream_1: 'cover mjpeg 64x64' } },
  { source: 'music.flac', words: { ...stereo, ...sampled(44100), container: 'flac', duration: 1, audio_codec: 'flac', audio_bit_depth: 24 } },
  { source: 'music.ogg', words: { ...stereo, ...sampled(44100), container: 'ogg', duration: 1, audio_codec: 'vorbis' } },
  { source: 'voice.opus', words: { ...mono, container: 'ogg', duration: 1, audio_codec: 'opus' } },
  { source: 'apple.aiff', words: { ...stereo, ...sampled(44100), container: 'aiff', duration: 1, audio_codec: 'pcm_s16be', audio_bit_depth: 16 } },
  { source: 'apple.caf', words: { ...stereo, container: 'caf', duration: 1, audio_codec: 'alac', audio_bit_depth: 16 } },
  { source: 'adts.aac', words: { ...aac, ...sampled(44100), container: 'aac', duration: 3 } },
  { source: 'dolby.ac3', words: { container: 'ac3', duration: 1, audio_codec: 'ac3', channels: 6, channel_layout: '5.1(side)', sample_rate: 48000, audio_tracks: 1 } },
  { source: 'sound-only.mp4', words: { ...aac, container: 'mp4', duration: 1 } },
  { source: 'chapters.m4a', words: { ...aac, ...sampled(44100), container: 'm4a', duration: 2 } },
]

const phone = { ...h264, duration: 1, frame_rate: '30/1' }
const OTHERS: readonly Expected[] = [
  {
    source: 'subtitles.mkv',
    words: { ...h264, ...stereo, container: 'matroska', duration: 1, audio_codec: 'vorbis', stream_2: 'subtitle subrip fra', stream_3: 'attachment ttf font.ttf application/x-truetype-font', stream_4: null },
  },
  { source: 'phone.mov', words: { ...phone, ...aac, container: 'mov', camera: 'Apple iPhone 14 Pro', lens: 'iPhone 14 Pro back camera 6.86mm f/1.78', created_at: '2023-05-06T05:08:09.000Z' } },
  { source: 'android.mp4', words: { ...phone, camera: 'Google Pixel 7', created_at: '2024-05-06T07:08:09.000Z' } },
  { source: 'empty-sound.mp4', words: { ...h264, stream_1: 'audio aac stereo 48000 Hz' } },
  { source: 'empty-fragments.mp4', words: { ...h264, stream_1: 'audio aac stereo 44100 Hz' } },
]

const DAMAGED: readonly Expected[] = [
  { source: 'no-index.mp4', fails: 'The file is incomplete: its index is missing' },
  { source: 'breaks-off.mp4', words: { ...h264, ...aac }, rendersNot: 'The file is incomplete: it breaks off after' },
  { source: 'breaks-off.mkv', words: { ...h264, container: 'matroska', duration: ANY }, rendersNot: 'The file is incomplete: it breaks off after' },
  { source: 'unknown-codec.mp4', words: { ...aac, container: 'mp4', duration: 2, stream_0: 'video zzz1 320x180 25/1' } },
  { source: 'unknown-silent.mp4', fails: 'The file holds neither a picture nor sound that can be decoded.' },
  { source: 'encrypted.mp4', fails: 'The file is encrypted.' },
  { source: 'empty.mp4', fails: 'The file is empty.' },
  { source: 'letter.mp4', fails: 'The file is damaged, or it is not a film or sound file.' },
  { source: 'noise.mov', fails: 'The file is damaged, or it is not a film or sound file.' },
  { source: 'playlist.mp4', fails: 'The file is damaged, or it is not a film or sound file.' },
]

export const EXPECTED: readonly Expected[] = [...RATES, ...SHAPES, ...TIMES, ...COLOURS, ...CODECS, ...SOUND, ...OTHERS, ...DAMAGED]
