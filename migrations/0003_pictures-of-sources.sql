ALTER TABLE "objects" DROP CONSTRAINT "objects_kind";--> statement-breakpoint
ALTER TABLE "renditions" DROP CONSTRAINT "renditions_kind";--> statement-breakpoint
DROP INDEX "assets_by_hash";--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "palette" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "renditions" ADD COLUMN "facts" jsonb;--> statement-breakpoint
CREATE INDEX "assets_by_hash" ON "assets" USING btree ("drive_id","content_hash","id") WHERE "assets"."deleted_at" IS NULL AND "assets"."size_bytes" > 0;--> statement-breakpoint
ALTER TABLE "objects" ADD CONSTRAINT "objects_kind" CHECK ("objects"."kind" IN ('source', 'preview', 'poster', 'proxy', 'audio_proxy', 'thumbnail', 'face', 'attachment', 'storyboard', 'waveform', 'waveform_image'));--> statement-breakpoint
ALTER TABLE "renditions" ADD CONSTRAINT "renditions_kind" CHECK ("renditions"."kind" IN ('poster', 'proxy', 'audio_proxy', 'thumbnail', 'storyboard', 'waveform', 'waveform_image'));
--> statement-breakpoint
-- The view's columns were fixed when it was made.
CREATE OR REPLACE VIEW "living_assets" AS SELECT * FROM "assets" WHERE "deleted_at" IS NULL;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION "usage_measure"(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN kind IN ('proxy', 'audio_proxy') THEN 'proxy'
    WHEN kind IN ('preview', 'poster', 'thumbnail', 'face', 'storyboard', 'waveform', 'waveform_image') THEN 'preview'
    ELSE kind
  END
$$;
