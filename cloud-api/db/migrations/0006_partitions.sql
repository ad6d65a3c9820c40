-- What drizzle has no words for: movements by month, and how tables lie in a cluster.

-- Partitions have a schema of their own, which no tenant may even look into: they are read through their table.
CREATE SCHEMA IF NOT EXISTS partitions;
--> statement-breakpoint
ALTER TABLE "movements" RENAME TO "movements_before";
--> statement-breakpoint
ALTER TABLE "movements_before" RENAME CONSTRAINT "movements_facility_id_at_movement_id_pk" TO "movements_before_pk";
--> statement-breakpoint
CREATE TABLE "movements" (LIKE "movements_before" INCLUDING DEFAULTS,
	CONSTRAINT "movements_facility_id_at_movement_id_pk" PRIMARY KEY ("facility_id", "at", "movement_id")
) PARTITION BY RANGE ("at");
--> statement-breakpoint
-- Of clocks that are years wrong, and of months that nobody made a partition for yet.
CREATE TABLE partitions."movements_default" PARTITION OF "movements" DEFAULT;
--> statement-breakpoint
ALTER TABLE partitions."movements_default" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "movements" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY system ON "movements" TO parkme_system USING (true) WITH CHECK (true);
--> statement-breakpoint
CREATE POLICY facility ON "movements" FOR SELECT TO parkme_tenant
	USING (facility_id = any ((select parkme_facilities())::uuid[]) or (select parkme_is_admin()));
--> statement-breakpoint
GRANT SELECT ON "movements" TO parkme_tenant;
--> statement-breakpoint
-- Makes the partition of a moment's month (UTC) and takes there what waits in the default one. False = it is there.
CREATE FUNCTION parkme_make_movements_partition(moment timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	month timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
	name text := 'movements_' || to_char(month, 'YYYY_MM');
	starts timestamptz := month AT TIME ZONE 'UTC';
	ends timestamptz := (month + interval '1 month') AT TIME ZONE 'UTC';
BEGIN
	IF to_regclass('partitions.' || name) IS NOT NULL THEN RETURN false; END IF;
	-- Nobody writes into it until the new one is there.
	LOCK TABLE partitions.movements_default IN ACCESS EXCLUSIVE MODE;
	IF to_regclass('partitions.' || name) IS NOT NULL THEN RETURN false; END IF;
	EXECUTE format('CREATE TABLE partitions.%I (LIKE public.movements INCLUDING ALL)', name);
	EXECUTE format('ALTER TABLE partitions.%I ENABLE ROW LEVEL SECURITY', name);
	EXECUTE format('WITH moved AS (DELETE FROM partitions.movements_default WHERE at >= $1 AND at < $2 RETURNING *)
		INSERT INTO partitions.%I SELECT * FROM moved', name) USING starts, ends;
	EXECUTE format('ALTER TABLE public.movements ATTACH PARTITION partitions.%I FOR VALUES FROM (%L) TO (%L)', name, starts, ends);
	RETURN true;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION parkme_make_movements_partition(timestamptz) FROM PUBLIC;
--> statement-breakpoint
-- Months that there are movements of, but not those of clocks that are years wrong; and those that begin now.
DO $$
DECLARE
	month timestamptz;
BEGIN
	FOR month IN
		SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' FROM movements_before
		WHERE at BETWEEN now() - interval '5 years' AND now() + interval '1 month'
		UNION SELECT now() + n * interval '1 month' FROM generate_series(0, 2) n
	LOOP
		PERFORM parkme_make_movements_partition(month);
	END LOOP;
END $$;
--> statement-breakpoint
INSERT INTO "movements" SELECT * FROM "movements_before";
--> statement-breakpoint
DROP TABLE "movements_before";
--> statement-breakpoint
-- Lays the tables out over the machines of a cluster (Citus). What has the facility in its key lies where the facility's
-- other rows lie; what has only its organisation or its edge, with those. Two small tables that others refer to are on
-- every machine. All else stays on the first: people and keys, which belong to no facility, and what triggers guard.
CREATE FUNCTION parkme_distribute() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	reference text[] := '{organisations,facilities}';
	first_only text[] := '{audit_entries,provider_ledger,staff_facilities}';
	t record;
	count integer := 0;
BEGIN
	FOR t IN SELECT unnest(reference) AS name LOOP
		EXECUTE format('SELECT create_reference_table(%L)', 'public.' || t.name);
	END LOOP;
	FOR t IN
		SELECT c.relname AS name, min(a.attname) FILTER (WHERE a.attname = 'facility_id') AS facility,
			min(a.attname) FILTER (WHERE a.attname = 'organisation_id') AS organisation,
			min(a.attname) FILTER (WHERE a.attname = 'edge_id') AS edge
		FROM pg_class c
		JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
			AND c.relname <> ALL (reference || first_only)
			AND a.attname IN ('facility_id', 'organisation_id', 'edge_id')
		GROUP BY c.relname ORDER BY c.relname
	LOOP
		EXECUTE format('SELECT create_distributed_table(%L, %L)', 'public.' || t.name, coalesce(t.facility, t.organisation, t.edge));
		count := count + 1;
	END LOOP;
	RETURN count;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION parkme_distribute() FROM PUBLIC;
--> statement-breakpoint
DO $$ BEGIN
	IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN PERFORM parkme_distribute(); END IF;
END $$;
