/** What an asset is, in the contract's words. HDRI, TEXTURE, SEQUENCE and STOCK are set by hand only. */
export const assetTypes = [
  'IMAGE', 'VIDEO', 'AUDIO', 'OBJECT', 'MAYA', 'NUKE', 'MAX', 'HDR', 'HDRI', 'BLENDER', 'HOUDINI', 'PHOTOSHOP', 'UNREAL', 'UNITY', 'TEXTURE', 'SEQUENCE',
  'AFTER_EFFECTS', 'MOGRT', 'ILLUSTRATOR', 'EXR', 'DOCUMENT', 'STOCK', 'OTHER',
] as const
export type AssetType = (typeof assetTypes)[number]

const extensions: Readonly<Partial<Record<AssetType, string>>> = {
  IMAGE: 'jpg jpeg png gif webp avif heic heif tif tiff bmp svg jp2 j2k jpx jxl tga dpx dds dng cr2 cr3 nef arw raf rw2 orf pef',
  VIDEO: 'mp4 mov m4v mkv webm avi mxf mts m2ts ts mpg mpeg wmv flv 3gp braw r3d ogv',
  AUDIO: 'wav mp3 aac m4a flac ogg opus aif aiff wma',
  EXR: 'exr',
  HDR: 'hdr',
  PHOTOSHOP: 'psd psb',
  ILLUSTRATOR: 'ai',
  AFTER_EFFECTS: 'aep',
  MOGRT: 'mogrt',
  BLENDER: 'blend',
  MAYA: 'ma mb',
  NUKE: 'nk',
  MAX: 'max',
  HOUDINI: 'hip hiplc hipnc',
  UNREAL: 'uasset umap',
  UNITY: 'unity unitypackage',
  OBJECT: 'obj fbx gltf glb usd usdz abc stl ply',
  DOCUMENT: 'pdf doc docx txt md rtf xls xlsx ppt pptx csv',
}
const typeByExtension = new Map<string, AssetType>(
  assetTypes.flatMap((type) => (extensions[type] ?? '').split(' ').filter(Boolean).map((extension) => [extension, type] as const)),
)

/** Media types, and with a slash at the end families of them for the rest. */
const typeByMime: ReadonlyMap<string, AssetType> = new Map<string, AssetType>([
  ['image/vnd.adobe.photoshop', 'PHOTOSHOP'],
  ['image/x-exr', 'EXR'],
  ['image/aces', 'EXR'],
  ['image/vnd.radiance', 'HDR'],
  ['image/', 'IMAGE'],
  ['video/', 'VIDEO'],
  ['application/mxf', 'VIDEO'],
  ['application/vnd.ms-asf', 'VIDEO'],
  ['audio/', 'AUDIO'],
  ['application/ogg', 'AUDIO'],
  ['model/', 'OBJECT'],
  ['text/', 'DOCUMENT'],
  ['application/pdf', 'DOCUMENT'],
  ['application/rtf', 'DOCUMENT'],
])

/** Containers whose content says less than their name: the extension decides among these. */
const tellsLittle = new Set(['application/zip', 'application/xml', 'application/x-cfb', 'application/gzip', 'application/postscript', 'application/pdf', 'image/tiff', 'text/plain'])

/** By content first, then by extension: `mime` is what the bytes look like, where they look like something. */
export function assetTypeOf(extension: string, mime: string | undefined): AssetType {
  const byExtension = typeByExtension.get(extension)
  const byContent = mime === undefined || (tellsLittle.has(mime) && byExtension !== undefined) ? undefined : typeOfMime(mime)
  return byContent ?? byExtension ?? 'OTHER'
}

function typeOfMime(mime: string): AssetType | undefined {
  const family = mime.slice(0, mime.indexOf('/') + 1)
  return typeByMime.get(mime) ?? typeByMime.get(family) ?? (mime.includes('officedocument') ? 'DOCUMENT' : undefined)
}

const pictures: ReadonlySet<AssetType> = new Set<AssetType>(['IMAGE', 'EXR', 'HDR', 'PHOTOSHOP'])

/** What a picture can be shown of, without a film's tools. */
export const isPicture = (type: AssetType): boolean => pictures.has(type)
