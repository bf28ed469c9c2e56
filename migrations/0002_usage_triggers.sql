-- What drizzle cannot say: the view of living assets with the table's new column, and the triggers that count what a drive holds.
CREATE OR REPLACE VIEW "living_assets" AS SELECT * FROM "assets" WHERE "deleted_at" IS NULL;
--> statement-breakpoint
-- A change that counts appends what was and what is; one that counts nothing (WHEN) calls nothing. By row: of most statements, which change one,
-- transition tables would cost a fifth more. (A statement that changes thousands pays for each, about as much as for its indexes.)
CREATE FUNCTION "usage_of_asset"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO usage_deltas (drive_id, measure, type, extension, day, count, bytes)
    VALUES (NEW.drive_id, CASE WHEN NEW.deleted_at IS NULL THEN 'asset' ELSE 'trash' END, NEW.type, NEW.extension, (NEW.created_at AT TIME ZONE 'UTC')::date, 1, NEW.size_bytes);
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO usage_deltas (drive_id, measure, type, extension, day, count, bytes)
    VALUES (OLD.drive_id, CASE WHEN OLD.deleted_at IS NULL THEN 'asset' ELSE 'trash' END, OLD.type, OLD.extension, (OLD.created_at AT TIME ZONE 'UTC')::date, -1, -OLD.size_bytes);
  ELSE
    INSERT INTO usage_deltas (drive_id, measure, type, extension, day, count, bytes)
    VALUES (OLD.drive_id, CASE WHEN OLD.deleted_at IS NULL THEN 'asset' ELSE 'trash' END, OLD.type, OLD.extension, (OLD.created_at AT TIME ZONE 'UTC')::date, -1, -OLD.size_bytes),
           (NEW.drive_id, CASE WHEN NEW.deleted_at IS NULL THEN 'asset' ELSE 'trash' END, NEW.type, NEW.extension, (NEW.created_at AT TIME ZONE 'UTC')::date, 1, NEW.size_bytes);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "usage_of_asset_made_or_gone" AFTER INSERT OR DELETE ON "assets" FOR EACH ROW EXECUTE FUNCTION "usage_of_asset"();
--> statement-breakpoint
CREATE TRIGGER "usage_of_asset_changed" AFTER UPDATE ON "assets" FOR EACH ROW
  WHEN ((OLD.deleted_at IS NULL, OLD.type, OLD.extension, OLD.created_at, OLD.size_bytes) IS DISTINCT FROM (NEW.deleted_at IS NULL, NEW.type, NEW.extension, NEW.created_at, NEW.size_bytes))
  EXECUTE FUNCTION "usage_of_asset"();
--> statement-breakpoint
-- Objects count while something refers to them. Sources are counted with their assets. A kind that is named nowhere is a measure of its own.
CREATE FUNCTION "usage_measure"(kind text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN kind IN ('proxy', 'audio_proxy') THEN 'proxy' WHEN kind IN ('preview', 'poster', 'thumbnail', 'face') THEN 'preview' ELSE kind END
$$;
--> statement-breakpoint
CREATE FUNCTION "usage_of_object"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.reference_count > 0 THEN
    INSERT INTO usage_deltas (drive_id, measure, count, bytes) VALUES (OLD.drive_id, usage_measure(OLD.kind), -1, -OLD.size_bytes);
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.reference_count > 0 THEN
    INSERT INTO usage_deltas (drive_id, measure, count, bytes) VALUES (NEW.drive_id, usage_measure(NEW.kind), 1, NEW.size_bytes);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER "usage_of_object_made" AFTER INSERT ON "objects" FOR EACH ROW WHEN (NEW.kind <> 'source' AND NEW.reference_count > 0) EXECUTE FUNCTION "usage_of_object"();
--> statement-breakpoint
CREATE TRIGGER "usage_of_object_changed" AFTER UPDATE ON "objects" FOR EACH ROW
  WHEN (NEW.kind <> 'source' AND (OLD.reference_count > 0, OLD.size_bytes) IS DISTINCT FROM (NEW.reference_count > 0, NEW.size_bytes))
  EXECUTE FUNCTION "usage_of_object"();
--> statement-breakpoint
CREATE TRIGGER "usage_of_object_gone" AFTER DELETE ON "objects" FOR EACH ROW WHEN (OLD.kind <> 'source' AND OLD.reference_count > 0) EXECUTE FUNCTION "usage_of_object"();
--> statement-breakpoint
-- What is there already is counted where it stands.
INSERT INTO "usage_totals" (drive_id, measure, label, count, bytes)
SELECT drive_id, measure, label, count(*), sum(size_bytes)
FROM "living_assets" CROSS JOIN LATERAL (VALUES ('asset_type', type), ('asset_extension', extension), ('asset_day', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))) AS told (measure, label)
GROUP BY 1, 2, 3
UNION ALL
SELECT drive_id, usage_measure(kind), '', count(*), sum(size_bytes) FROM "objects" WHERE reference_count > 0 AND kind <> 'source' GROUP BY 1, 2;
