/** Keys are made of ids alone: what a user typed never becomes part of a store's names. */
export const objectKeys = {
  source: (driveId: string, assetId: string) => `drives/${driveId}/assets/${assetId}/source`,
  preview: (driveId: string, assetId: string, previewId: string) => `drives/${driveId}/assets/${assetId}/previews/${previewId}.jpg`,
  rendition: (driveId: string, assetId: string, { kind, id }: { readonly kind: RenditionKind; readonly id: string }) =>
    `drives/${driveId}/assets/${assetId}/${kind}/${id}.${renditionExtensions[kind]}`,
} as const

export type RenditionKind = 'poster' | 'proxy' | 'audio_proxy'
const renditionExtensions: Readonly<Record<RenditionKind, string>> = { poster: 'jpg', proxy: 'mp4', audio_proxy: 'm4a' }
export const renditionTypes: Readonly<Record<RenditionKind, string>> = { poster: 'image/jpeg', proxy: 'video/mp4', audio_proxy: 'audio/mp4' }
