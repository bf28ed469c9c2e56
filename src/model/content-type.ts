import mime from 'mime-types'

/** The media type that a name tells by its extension; `application/octet-stream` where it tells none. */
export const contentTypeOf = (name: string): string => mime.lookup(name) || 'application/octet-stream'
