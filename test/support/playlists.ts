import { box } from './external-reference.ts'

/** Texts that lead elsewhere: to `address`, where a listener counts, or to `foreign`, a file of somebody else. */
export type Playlist = readonly [kind: string, text: (address: string, foreign: string) => string | Buffer]

const hls = (address: string, foreign: string) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI="file://${foreign}"\n#EXTINF:2,\n${address}/one.ts\n#EXTINF:2,\nfile://${foreign}\n#EXT-X-ENDLIST\n`
const bomOf = { utf8: Buffer.from('efbbbf', 'hex'), utf16: Buffer.from('fffe', 'hex') }

/** ID3 tags are passed over before a format is guessed. */
const id3 = (content: Buffer) => Buffer.concat([Buffer.from('ID3\x03\0\0', 'latin1'), Buffer.from([0, 0, content.length >> 7, content.length & 127]), content])

export const PLAYLISTS: readonly Playlist[] = [
  ['an HLS playlist', (address) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${address}/one.ts\n#EXT-X-ENDLIST\n`],
  ['an HLS playlist of local files', (_, foreign) => `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI="file://${foreign}"\n#EXTINF:2,\nfile://${foreign}\n#EXT-X-ENDLIST\n`],
  ['an HLS playlist with a key', (address, foreign) => `#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="${address}/key"\n#EXTINF:2,\ncrypto+file://${foreign}\n#EXT-X-ENDLIST\n`],
  ['an HLS playlist of variants', (address, foreign) => `#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",URI="${address}/a.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a"\nfile://${foreign}\n`],
  ['an HLS playlist after a byte order mark', (address, foreign) => Buffer.concat([bomOf.utf8, Buffer.from(hls(address, foreign))])],
  ['an HLS playlist in UTF-16', (address, foreign) => Buffer.concat([bomOf.utf16, Buffer.from(hls(address, foreign), 'utf16le')])],
  ['an HLS playlist after empty lines', (address, foreign) => `\n \r\n\t${hls(address, foreign)}`],
  ['an HLS playlist after an ID3 tag', (address, foreign) => Buffer.concat([id3(Buffer.alloc(64)), Buffer.from(hls(address, foreign))])],
  ['an HLS playlist after a file type', (address, foreign) => Buffer.concat([box('ftyp', Buffer.from('isom\0\0\0\0isom')), Buffer.from(hls(address, foreign))])],
  ['an HLS playlist as a file type', (address, foreign) => box('ftyp', Buffer.from(`\n${hls(address, foreign)}`))],
  ['a list of files to join', (address, foreign) => `ffconcat version 1.0\nfile '${foreign}'\nfile '${address}/two.mp4'\n`],
  ['a list of files to join after a byte order mark', (address, foreign) => Buffer.concat([bomOf.utf8, Buffer.from(`ffconcat version 1.0\nfile '${foreign}'\nfile '${address}/two.mp4'\n`)])],
  [
    'a DASH manifest',
    (address) =>
      `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000"><BaseURL>${address}/film.mp4</BaseURL><SegmentList duration="2"><Initialization sourceURL="i.mp4"/><SegmentURL media="1.mp4"/></SegmentList></Representation></AdaptationSet></Period></MPD>`,
  ],
  ['an SDP description', (address) => `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video ${new URL(address).port} TCP/RTP/AVP 96\na=rtpmap:96 H264/90000\n`],
  ['an RTSP reference', (address) => `[Reference]\nRef1=${address}/a.wmv\nRef2=rtsp://${new URL(address).host}/a\n`],
  ['an IMF packing list', (address) => `<?xml version="1.0"?><AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM"><AssetList><Asset><Id>urn:uuid:1</Id><ChunkList><Chunk><Path>${address}/a.mxf</Path></Chunk></ChunkList></Asset></AssetList></AssetMap>`],
  ['a drawing', (address, foreign) => `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64"><image xlink:href="${address}/a.png" width="9" height="9"/><image href="file://${foreign}"/></svg>`],
  ['an XML that includes', (address, foreign) => `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file://${foreign}"><!ENTITY % b SYSTEM "${address}/x.dtd">%b;]><x>&a;</x>`],
  ['subtitles', (address, foreign) => `1\n00:00:00,000 --> 00:00:02,000\n<font face="${foreign}"><img src="${address}/a.png"></font>\n\n`.repeat(3)],
  ['subtitles with fonts', (address, foreign) => `[Script Info]\nScriptType: v4.00+\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,${foreign},20\n[Fonts]\nfontname: ${address}/a.ttf\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:02.00,{\\fn${foreign}}a\n`],
  ['text', () => 'concat:/etc/passwd|/etc/hosts\n'.repeat(20)],
]
