CREATE TABLE "activity" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"actor_id" uuid,
	"action" text NOT NULL,
	"asset_id" uuid,
	"before" jsonb,
	"after" jsonb,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "activity_drive_id_id_pk" PRIMARY KEY("drive_id","id")
);
--> statement-breakpoint
CREATE TABLE "asset_jobs" (
	"drive_id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"name" text NOT NULL,
	"state" text NOT NULL,
	"progress" real,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "asset_jobs_drive_id_asset_id_name_pk" PRIMARY KEY("drive_id","asset_id","name"),
	CONSTRAINT "asset_jobs_state" CHECK ("asset_jobs"."state" IN ('NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'FAILED')),
	CONSTRAINT "asset_jobs_progress" CHECK ("asset_jobs"."progress" BETWEEN 0 AND 1)
);
--> statement-breakpoint
CREATE TABLE "assets" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"directory" text COLLATE "C" NOT NULL,
	"name" text COLLATE "C" NOT NULL,
	"extension" text NOT NULL,
	"type" text NOT NULL,
	"source_object_id" uuid NOT NULL,
	"size_bytes" bigint NOT NULL,
	"content_type" text NOT NULL,
	"content_hash" "bytea",
	"source_modified_at" timestamp (3) with time zone,
	"system_metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"duration_seconds" numeric,
	"frame_rate_num" integer,
	"frame_rate_den" integer,
	"is_variable_rate" boolean,
	"start_timecode_frames" integer,
	"is_drop_frame" boolean,
	"version" integer DEFAULT 1 NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "assets_drive_id_id_pk" PRIMARY KEY("drive_id","id"),
	CONSTRAINT "assets_directory" CHECK ("assets"."directory" ~ '^/([^/]+/)*$'),
	CONSTRAINT "assets_name" CHECK ("assets"."name" <> '' AND position('/' in "assets"."name") = 0),
	CONSTRAINT "assets_rate" CHECK (("assets"."frame_rate_num" IS NULL) = ("assets"."frame_rate_den" IS NULL))
);
--> statement-breakpoint
CREATE TABLE "objects" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"key" text COLLATE "C" NOT NULL,
	"state" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"content_type" text NOT NULL,
	"is_owned" boolean DEFAULT true NOT NULL,
	"reference_count" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"unreferenced_at" timestamp (3) with time zone,
	CONSTRAINT "objects_drive_id_id_pk" PRIMARY KEY("drive_id","id"),
	CONSTRAINT "objects_kind" CHECK ("objects"."kind" IN ('source', 'preview', 'poster', 'proxy', 'audio_proxy', 'thumbnail', 'attachment')),
	CONSTRAINT "objects_state" CHECK ("objects"."state" IN ('reserved', 'stored', 'deleting')),
	CONSTRAINT "objects_counted" CHECK ("objects"."reference_count" >= 0 AND "objects"."size_bytes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "previews" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"object_id" uuid NOT NULL,
	"frame" integer NOT NULL,
	"timestamp_seconds" numeric,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	CONSTRAINT "previews_drive_id_id_pk" PRIMARY KEY("drive_id","id")
);
--> statement-breakpoint
CREATE TABLE "renditions" (
	"drive_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"asset_id" uuid NOT NULL,
	"object_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"width" integer,
	"height" integer,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "renditions_drive_id_id_pk" PRIMARY KEY("drive_id","id"),
	CONSTRAINT "renditions_kind" CHECK ("renditions"."kind" IN ('poster', 'proxy', 'audio_proxy'))
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"only_drive_id" uuid,
	"name" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "drive_members" (
	"drive_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" smallint NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "drive_members_drive_id_user_id_pk" PRIMARY KEY("drive_id","user_id"),
	CONSTRAINT "drive_members_role" CHECK ("drive_members"."role" IN (0, 10, 15, 17, 20, 30, 40, 50))
);
--> statement-breakpoint
CREATE TABLE "drives" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"avatar_url" text,
	"is_operator" boolean DEFAULT false NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	"deleted_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "worker_heartbeats" (
	"worker_id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "activity" ADD CONSTRAINT "activity_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "asset_jobs" ADD CONSTRAINT "asset_jobs_asset" FOREIGN KEY ("drive_id","asset_id") REFERENCES "public"."assets"("drive_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assets" ADD CONSTRAINT "assets_drive" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assets" ADD CONSTRAINT "assets_source_object" FOREIGN KEY ("drive_id","source_object_id") REFERENCES "public"."objects"("drive_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "objects" ADD CONSTRAINT "objects_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "previews" ADD CONSTRAINT "previews_asset" FOREIGN KEY ("drive_id","asset_id") REFERENCES "public"."assets"("drive_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "previews" ADD CONSTRAINT "previews_object" FOREIGN KEY ("drive_id","object_id") REFERENCES "public"."objects"("drive_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "renditions" ADD CONSTRAINT "renditions_asset" FOREIGN KEY ("drive_id","asset_id") REFERENCES "public"."assets"("drive_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "renditions" ADD CONSTRAINT "renditions_object" FOREIGN KEY ("drive_id","object_id") REFERENCES "public"."objects"("drive_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_only_drive_id_drives_id_fk" FOREIGN KEY ("only_drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drive_members" ADD CONSTRAINT "drive_members_drive_id_drives_id_fk" FOREIGN KEY ("drive_id") REFERENCES "public"."drives"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drive_members" ADD CONSTRAINT "drive_members_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "activity_of_asset" ON "activity" USING btree ("drive_id","asset_id","id");--> statement-breakpoint
CREATE INDEX "assets_by_id" ON "assets" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "assets_path_taken" ON "assets" USING btree ("drive_id","directory","name") WHERE "assets"."deleted_at" IS NULL;--> statement-breakpoint
CREATE INDEX "assets_by_hash" ON "assets" USING btree ("drive_id","content_hash");--> statement-breakpoint
CREATE INDEX "assets_of_object" ON "assets" USING btree ("drive_id","source_object_id");--> statement-breakpoint
CREATE INDEX "objects_by_key" ON "objects" USING btree ("key");--> statement-breakpoint
CREATE INDEX "objects_unreferenced" ON "objects" USING btree ("unreferenced_at") WHERE "objects"."reference_count" = 0;--> statement-breakpoint
CREATE INDEX "previews_by_id" ON "previews" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "previews_of_asset" ON "previews" USING btree ("drive_id","asset_id","frame");--> statement-breakpoint
CREATE INDEX "previews_of_object" ON "previews" USING btree ("drive_id","object_id");--> statement-breakpoint
CREATE INDEX "renditions_by_id" ON "renditions" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "renditions_of_asset" ON "renditions" USING btree ("drive_id","asset_id","kind");--> statement-breakpoint
CREATE INDEX "renditions_of_object" ON "renditions" USING btree ("drive_id","object_id");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "api_keys_of_user" ON "api_keys" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "api_keys_of_drive" ON "api_keys" USING btree ("only_drive_id");--> statement-breakpoint
CREATE INDEX "drive_members_of_user" ON "drive_members" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_taken" ON "users" USING btree (lower("email")) WHERE "users"."deleted_at" IS NULL;--> statement-breakpoint
CREATE VIEW "public"."living_assets" AS (SELECT * FROM assets WHERE deleted_at IS NULL);