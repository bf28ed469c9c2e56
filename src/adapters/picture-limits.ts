/** 16,383 × 16,383: what libvips takes by itself, and more than any camera makes. */
export const MOST_PIXELS = 16_383 ** 2

export const TOO_LARGE = 'The picture is larger than allowed: more than 268 megapixels.'
export const NEEDS_MUCH_MEMORY = 'The picture needs more memory to decode than is allowed here: a plain JPEG or PNG of it needs little.'
