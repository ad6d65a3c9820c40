-- What drizzle has no words for: overlaps that cannot be, and the second wall between tenants.

CREATE EXTENSION IF NOT EXISTS btree_gist;
--> statement-breakpoint
-- Two bookings that hold one spot at once cannot be, whoever writes them.
ALTER TABLE "bookings" ADD CONSTRAINT "bookings_no_overlap" EXCLUDE USING gist (
	"facility_id" WITH =, "spot_id" WITH =, tstzrange("entry_time", "held_until") WITH &&
) WHERE ("spot_id" IS NOT NULL AND "status" IN ('PENDING', 'CONFIRMED', 'ACTIVE'));
--> statement-breakpoint
-- parkme_tenant: what requests of people and their programs run as. It owns nothing and passes no wall.
-- parkme_system: whoever runs the cloud; edges, jobs and sign-ins run as it.
-- Roles belong to the server, not to the database: another database of it may have made them.
DO $$ BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parkme_tenant') THEN CREATE ROLE parkme_tenant NOLOGIN; END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'parkme_system') THEN CREATE ROLE parkme_system NOLOGIN; END IF;
	IF NOT pg_has_role(current_user, 'parkme_tenant', 'SET') THEN EXECUTE format('GRANT parkme_tenant TO %I', current_user); END IF;
	IF NOT pg_has_role(current_user, 'parkme_system', 'USAGE') THEN EXECUTE format('GRANT parkme_system TO %I', current_user); END IF;
END $$;
--> statement-breakpoint
-- Whose request it is, as db/tenancy.ts sets it for the transaction. Without, it is nobody's, who sees nothing of anybody.
CREATE FUNCTION parkme_is_admin() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce(current_setting('parkme.role', true), '') = 'admin';
--> statement-breakpoint
CREATE FUNCTION parkme_facilities() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
	RETURN coalesce(string_to_array(current_setting('parkme.facilities', true), ',')::uuid[], '{}');
--> statement-breakpoint
CREATE FUNCTION parkme_organisation() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
	RETURN nullif(current_setting('parkme.organisation', true), '')::uuid;
--> statement-breakpoint
CREATE FUNCTION parkme_actor() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
	RETURN nullif(current_setting('parkme.actor', true), '')::uuid;
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO parkme_tenant, parkme_system;
--> statement-breakpoint
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO parkme_tenant;
--> statement-breakpoint
-- Every table has a wall. Where no policy lets tenants through, none passes. Functions stand in sub-selects so that they
-- are asked once for a statement, not once for a row.
DO $$
DECLARE
	facility text := '(facility_id = any ((select parkme_facilities())::uuid[]) or (select parkme_is_admin()))';
	organisation text := '(organisation_id = (select parkme_organisation()) or (select parkme_is_admin()))';
	mine text := '(user_id = (select parkme_actor()))';
	t text;
	-- Written by COPY, which PostgreSQL refuses where a wall is forced on the owner as well.
	copied text[] := '{edge_events,stays,movements,payments,ledger,shifts,receipts,vends,alarms,validations}';
	-- Read and written by those who run the facility.
	of_facility text[] := '{listed_plates,legal_holds,facility_changes}';
	-- Read by those who run the facility; written by edges and jobs.
	reported text[] := '{count_corrections,stays,movements,payments,ledger,shifts,receipts,vends,alarms,validations,lanes,provider_ledger,capacity_rights,capacity_sales,edge_live,pictures,equality_checks,equality_differences,remote_commands,sync_incidents,subscription_stays}';
	-- Read by anybody; written by those who run the facility.
	shown text[] := '{zones,spots,spot_counts,pass_plans,penalty_rules}';
	-- Of a driver at a facility: both see it, and write it.
	of_driver text[] := '{bookings,subscriptions,subscription_periods,provider_payments,violations,disputes}';
BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		IF t <> ALL (copied) THEN EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t); END IF;
		EXECUTE format('CREATE POLICY system ON %I TO parkme_system USING (true) WITH CHECK (true)', t);
	END LOOP;
	FOREACH t IN ARRAY of_facility LOOP
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO parkme_tenant', t);
		EXECUTE format('CREATE POLICY facility ON %I TO parkme_tenant USING %s WITH CHECK %s', t, facility, facility);
	END LOOP;
	FOREACH t IN ARRAY reported LOOP
		EXECUTE format('GRANT SELECT ON %I TO parkme_tenant', t);
		EXECUTE format('CREATE POLICY facility ON %I FOR SELECT TO parkme_tenant USING %s', t, facility);
	END LOOP;
	FOREACH t IN ARRAY shown LOOP
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO parkme_tenant', t);
		EXECUTE format('CREATE POLICY shown ON %I FOR SELECT TO parkme_tenant USING (true)', t);
		EXECUTE format('CREATE POLICY facility ON %I TO parkme_tenant USING %s WITH CHECK %s', t, facility, facility);
	END LOOP;
	FOREACH t IN ARRAY of_driver LOOP
		EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO parkme_tenant', t);
		EXECUTE format('CREATE POLICY facility ON %I TO parkme_tenant USING %s WITH CHECK %s', t, facility, facility);
		EXECUTE format('CREATE POLICY mine ON %I TO parkme_tenant USING %s WITH CHECK %s', t, mine, mine);
	END LOOP;

	-- Listed facilities are seen by everybody; those who run them change them, and owners make them.
	GRANT SELECT, INSERT, UPDATE ON facilities TO parkme_tenant;
	CREATE POLICY shown ON facilities FOR SELECT TO parkme_tenant USING (listed OR id = any ((select parkme_facilities())::uuid[]) OR (select parkme_is_admin()));
	EXECUTE format('CREATE POLICY own ON facilities FOR INSERT TO parkme_tenant WITH CHECK %s', organisation);
	EXECUTE format('CREATE POLICY run ON facilities FOR UPDATE TO parkme_tenant USING (id = any ((select parkme_facilities())::uuid[]) or (select parkme_is_admin())) WITH CHECK %s', organisation);

	GRANT SELECT ON organisations TO parkme_tenant;
	CREATE POLICY own ON organisations FOR SELECT TO parkme_tenant USING (id = (select parkme_organisation()) or (select parkme_is_admin()));

	GRANT SELECT, INSERT, UPDATE, DELETE ON vehicles TO parkme_tenant;
	EXECUTE format('CREATE POLICY mine ON vehicles TO parkme_tenant USING %s WITH CHECK %s', mine, mine);
	CREATE POLICY admin ON vehicles TO parkme_tenant USING ((select parkme_is_admin()));
	-- Who takes a vehicle over shows the code, and the cloud looks for it.
	GRANT SELECT, INSERT, UPDATE, DELETE ON vehicle_transfers TO parkme_tenant;
	EXECUTE format('CREATE POLICY mine ON vehicle_transfers TO parkme_tenant USING %s WITH CHECK %s', mine, mine);

	-- What is published prices stays, and anybody may read it; drafts are their makers'.
	GRANT SELECT, INSERT, UPDATE, DELETE ON tariff_versions TO parkme_tenant;
	CREATE POLICY shown ON tariff_versions FOR SELECT TO parkme_tenant USING (status = 'published');
	EXECUTE format('CREATE POLICY facility ON tariff_versions TO parkme_tenant USING %s WITH CHECK %s', facility, facility);

	-- Who paid sees what was given back.
	GRANT SELECT, INSERT, UPDATE ON refunds TO parkme_tenant;
	EXECUTE format('CREATE POLICY facility ON refunds TO parkme_tenant USING %s WITH CHECK %s', facility, facility);
	CREATE POLICY mine ON refunds FOR SELECT TO parkme_tenant USING (EXISTS (
		SELECT FROM provider_payments p WHERE p.facility_id = refunds.facility_id AND p.id = refunds.payment_id AND p.user_id = (select parkme_actor())));

	-- Everybody's acts are written down; tenants read their own log. Nobody changes it but the chainer.
	GRANT SELECT, INSERT ON audit_entries TO parkme_tenant;
	CREATE POLICY written ON audit_entries FOR INSERT TO parkme_tenant WITH CHECK (seq IS NULL);
	EXECUTE format('CREATE POLICY own ON audit_entries FOR SELECT TO parkme_tenant USING %s', organisation);

	-- Drivers cause changes as well; the policy of the facility is for those who watch.
	CREATE POLICY written ON facility_changes FOR INSERT TO parkme_tenant WITH CHECK (true);

	-- Answers to repeat, each for who asked.
	GRANT SELECT, INSERT, UPDATE ON idempotency_keys TO parkme_tenant;
	CREATE POLICY mine ON idempotency_keys TO parkme_tenant USING (owner = (select parkme_actor())) WITH CHECK (owner = (select parkme_actor()));
END $$;
--> statement-breakpoint
-- The audit log is written once, and linked once.
CREATE FUNCTION parkme_audit_is_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND (OLD.id, OLD.organisation_id, OLD.at, OLD.actor, OLD.role, OLD.action, OLD.subject, OLD.detail::text, OLD.request_id)
		IS NOT DISTINCT FROM (NEW.id, NEW.organisation_id, NEW.at, NEW.actor, NEW.role, NEW.action, NEW.subject, NEW.detail::text, NEW.request_id)
	THEN RETURN NEW; END IF;
	RAISE EXCEPTION 'the audit log is never changed' USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_entries_written BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION parkme_audit_is_written();
--> statement-breakpoint
-- What was booked stays booked: a mistake is corrected by another entry.
CREATE FUNCTION parkme_ledger_is_written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	RAISE EXCEPTION 'the ledger is never changed' USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER provider_ledger_written BEFORE UPDATE OR DELETE ON provider_ledger FOR EACH ROW EXECUTE FUNCTION parkme_ledger_is_written();
--> statement-breakpoint
CREATE TRIGGER provider_ledger_kept BEFORE TRUNCATE ON provider_ledger FOR EACH STATEMENT EXECUTE FUNCTION parkme_ledger_is_written();
