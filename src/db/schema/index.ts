/**
 * All tables: their foreign keys are one graph. Each below a drive begins its primary key with `drive_id` and carries it in every foreign key.
 *
 * Planned with these, and added by the features that fill them, each by a migration of its own:
 *   stacks (drive_id, id), with stack_id and stack_number on assets and a deferrable unique constraint over them
 *   metadata_attributes, metadata_options, metadata_values (drive_id, asset_id, attribute_id), typed columns and a CHECK for exactly one;
 *     rating, category, description on assets
 *   comments (drive_id, id), comment_mentions, comment_reactions, attachments (drive_id, id) → objects
 *   transcripts (drive_id, id), one row a revision; transcript_segments (drive_id, transcript_id, ordinal)
 *   collections (drive_id, id), collection_assets, password_tries
 *   webhooks, webhook_deliveries (drive_id, id), idempotency_keys (drive_id, caller, key)
 *   clip_heads (drive_id, id) → objects
 */
export * from './activity.ts'
export * from './assets.ts'
export * from './faces.ts'
export * from './folders.ts'
export * from './people.ts'
export * from './uploads.ts'
export * from './usage.ts'
export * from './workers.ts'
