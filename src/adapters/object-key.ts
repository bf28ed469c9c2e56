import { AppError } from '../errors.ts'

/** S3's limit, counted in UTF-8. */
const maxKeyBytes = 1024
/** On a disk a segment is a file's name, of which common file systems take 255 bytes. */
const maxSegmentBytes = 255
/** Control characters cannot stand in S3's XML, and a backslash separates on Windows. */
const unstorable = /[\u0000-\u001f\u007f\\]/

/**
 * Throws `malformed` unless every store can hold the key: one rule for all adapters, so that what the disk takes fits S3 too.
 * Without empty, `.` and `..` segments no key leads out of the disk store's folder; a leading dot is for its own folders.
 */
export function assertObjectKey(key: string): void {
  const isStorable =
    !key.startsWith('.') &&
    key.isWellFormed() &&
    !unstorable.test(key) &&
    Buffer.byteLength(key) <= maxKeyBytes &&
    key.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..' && Buffer.byteLength(segment) <= maxSegmentBytes)
  if (!isStorable) throw new AppError('malformed', 'The object key is not valid')
}
