CREATE TABLE "faces" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"individual_id" uuid,
	"frame" integer,
	"timestamp_seconds" numeric,
	"x" double precision NOT NULL,
	"y" double precision NOT NULL,
	"width" double precision NOT NULL,
	"height" double precision NOT NULL,
	"confidence" real,
	"source" text NOT NULL,
	"is_assigned_by_hand" boolean DEFAULT false NOT NULL,
	"embedding" real[],
	"object_id" uuid,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "faces_drive_id_id_pk" PRIMARY KEY("drive_id","id"),
	CONSTRAINT "faces_source" CHECK ("faces"."source" IN ('automatic', 'manual')),
	CONSTRAINT "faces_box" CHECK ("faces"."x" >= 0 AND "faces"."y" >= 0 AND "faces"."width" > 0 AND "faces"."height" > 0 AND "faces"."x" + "faces"."width" <= 1.000001 AND "faces"."y" + "faces"."height" <= 1.000001)
);
--> statement-breakpoint
CREATE TABLE "individuals" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text,
	"centroid" real[],
	"centroid_count" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "individuals_drive_id_id_pk" PRIMARY KEY("drive_id","id")
);
--> statement-breakpoint
CREATE TABLE "folder_operations" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"path" text COLLATE "C" NOT NULL,
	"new_path" text COLLATE "C",
	"state" text NOT NULL,
	"total" integer NOT NULL,
	"done" integer NOT NULL,
	"error" text,
	"actor_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "folder_operations_drive_id_id_pk" PRIMARY KEY("drive_id","id"),
	CONSTRAINT "folder_operations_kind" CHECK ("folder_operations"."kind" IN ('move', 'delete') AND ("folder_operations"."kind" = 'move') = ("folder_operations"."new_path" IS NOT NULL)),
	CONSTRAINT "folder_operations_state" CHECK ("folder_operations"."state" IN ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'FAILED'))
);
--> statement-breakpoint
CREATE TABLE "folders" (
	"drive_id" uuid NOT NULL,
	"path" text COLLATE "C" NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "folders_drive_id_path_pk" PRIMARY KEY("drive_id","path"),
	CONSTRAINT "folders_path" CHECK ("folders"."path" ~ '^/([^/]+/)+$')
);
--> statement-breakpoint
CREATE TABLE "uploads" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"directory" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"on_conflict" text NOT NULL,
	"content_type" text NOT NULL,
	"metadata" text DEFAULT '' NOT NULL,
	"size_bytes" bigint NOT NULL,
	"offset_bytes" bigint NOT NULL,
	"state" text NOT NULL,
	"asset_id" uuid NOT NULL,
	"store_upload_id" text NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"locked_by" uuid,
	"locked_until" timestamp (3) with time zone,
	"wanted_by" uuid,
	CONSTRAINT "uploads_drive_id_id_pk" PRIMARY KEY("drive_id","id"),
	CONSTRAINT "uploads_conflict" CHECK ("uploads"."on_conflict" IN ('refuse', 'rename', 'version')),
	CONSTRAINT "uploads_state" CHECK ("uploads"."state" IN ('open', 'received', 'finished')),
	CONSTRAINT "uploads_offset" CHECK ("uploads"."offset_bytes" BETWEEN 0 AND "uploads"."size_bytes"),
	CONSTRAINT "uploads_locked" CHECK (("uploads"."locked_by" IS NULL) = ("uploads"."locked_until" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "usage_deltas" (
	"drive_id" uuid NOT NULL,
	"id" bigint GENERATED ALWAYS AS IDENTITY (sequence name "usage_deltas_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"measure" text NOT NULL,
	"type" text,
	"extension" text,
	"day" date,
	"count" bigint NOT NULL,
	"bytes" bigint NOT NULL,
	CONSTRAINT "usage_deltas_drive_id_id_pk" PRIMARY KEY("drive_id","id")
);
--> statement-breakpoint
CREATE TABLE "usage_totals" (
	"drive_id" uuid NOT NULL,
	"measure" text NOT NULL,
	"label" text NOT NULL,
	"count" bigint NOT NULL,
	"bytes" bigint NOT NULL,
	CONSTRAINT "usage_totals_drive_id_measure_label_pk" PRIMARY KEY("drive_id","measure","label")
);
--> statement-breakpoint
ALTER TABLE "objects" DROP CONSTRAINT "objects_kind";--> statement-breakpoint
ALTER TABLE "renditions" DROP CONSTRAINT "renditions_kind";--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "purge_after" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "assets" ADD COLUMN "placed_at" timestamp (3) with time zone;--> statement-breakpoint
UPDATE "assets" SET "placed_at" = "created_at";--> statement-breakpoint
ALTER TABLE "assets" ALTER COLUMN "placed_at" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "drives" ADD COLUMN "trash_emptied_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "faces" ADD CONSTRAINT "faces_asset" FOREIGN KEY ("drive_id","asset_id") REFERENCES "public"."assets"("drive_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "faces" ADD CONSTRAINT "faces_individual" FOREIGN KEY ("drive_id","individual_id") REFERENCES "public"."individuals"("drive_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "faces" ADD CONSTRAINT "faces_object" FOREIGN KEY ("drive_id","object_id") REFERENCES "public"."objects"("drive_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "individuals" ADD CONSTRAINT "individuals_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "folder_operations" ADD CONSTRAINT "folder_operations_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "folders" ADD CONSTRAINT "folders_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "uploads" ADD CONSTRAINT "uploads_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "faces_of_asset" ON "faces" USING btree ("drive_id","asset_id","id");--> statement-breakpoint
CREATE INDEX "faces_of_individual" ON "faces" USING btree ("drive_id","individual_id");--> statement-breakpoint
CREATE INDEX "faces_of_object" ON "faces" USING btree ("drive_id","object_id");--> statement-breakpoint
CREATE INDEX "individuals_by_name" ON "individuals" USING btree ("drive_id","name");--> statement-breakpoint
CREATE INDEX "folder_operations_ended" ON "folder_operations" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "uploads_expired" ON "uploads" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "assets_in_trash" ON "assets" USING btree ("drive_id","deleted_at","id") WHERE "assets"."deleted_at" IS NOT NULL;--> statement-breakpoint
CREATE INDEX "assets_to_purge" ON "assets" USING btree ("purge_after") WHERE "assets"."deleted_at" IS NOT NULL;--> statement-breakpoint
ALTER TABLE "assets" ADD CONSTRAINT "assets_trashed" CHECK (("assets"."deleted_at" IS NULL) = ("assets"."purge_after" IS NULL));--> statement-breakpoint
ALTER TABLE "objects" ADD CONSTRAINT "objects_kind" CHECK ("objects"."kind" IN ('source', 'preview', 'poster', 'proxy', 'audio_proxy', 'thumbnail', 'face', 'attachment'));--> statement-breakpoint
ALTER TABLE "renditions" ADD CONSTRAINT "renditions_kind" CHECK ("renditions"."kind" IN ('poster', 'proxy', 'audio_proxy', 'thumbnail'));