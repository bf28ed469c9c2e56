/** Keys are made of ids alone: what a user typed never becomes part of a store's names. */
export const objectKeys = {
  source: (driveId: string, assetId: string) => `drives/${driveId}/assets/${assetId}/source`,
  preview: (driveId: string, assetId: string, previewId: string) => `drives/${driveId}/assets/${assetId}/previews/${previewId}.jpg`,
  rendition: (driveId: string, assetId: string, { kind, id }: { readonly kind: RenditionKind; readonly id: string }) =>
    `drives/${driveId}/assets/${assetId}/${kind}/${id}.${renditionExtensions[kind]}`,
  face: (driveId: string, assetId: string, faceId: string) => `drives/${driveId}/assets/${assetId}/faces/${faceId}.jpg`,
  attachment: (driveId: string, attachmentId: string) => `drives/${driveId}/attachments/${attachmentId}`,
  /** Below it others put objects that are to become assets; what follows is theirs to name. */
  incoming: (driveId: string) => `drives/${driveId}/incoming/`,
} as const

/** `waveform` is its peaks as JSON, `waveform_image` the same as a picture. */
export type RenditionKind = 'poster' | 'proxy' | 'audio_proxy' | 'thumbnail' | 'storyboard' | 'waveform' | 'waveform_image'
const renditionExtensions: Readonly<Record<RenditionKind, string>> = {
  poster: 'jpg', proxy: 'mp4', audio_proxy: 'm4a', thumbnail: 'jpg', storyboard: 'jpg', waveform: 'json', waveform_image: 'png',
} // prettier-ignore
export const renditionTypes: Readonly<Record<RenditionKind, string>> = {
  poster: 'image/jpeg', proxy: 'video/mp4', audio_proxy: 'audio/mp4', thumbnail: 'image/jpeg', storyboard: 'image/jpeg', waveform: 'application/json', waveform_image: 'image/png',
} // prettier-ignore
