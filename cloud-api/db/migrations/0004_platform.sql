CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organisation_id" uuid NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"key_hash" "bytea" NOT NULL,
	"scopes" text[] NOT NULL,
	"facility_ids" uuid[],
	"made_by" uuid NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	CONSTRAINT "api_keys_key_hash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "failed_sign_ins" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"count" integer NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	"locked_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "password_resets" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"sign_in_id" uuid NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"spent_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "sign_ins" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"device" text NOT NULL,
	"address" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_why" text
);
--> statement-breakpoint
CREATE TABLE "staff_facilities" (
	"user_id" uuid NOT NULL,
	"facility_id" uuid NOT NULL,
	"assigned_at" timestamp with time zone NOT NULL,
	CONSTRAINT "staff_facilities_user_id_facility_id_pk" PRIMARY KEY("user_id","facility_id")
);
--> statement-breakpoint
CREATE TABLE "totp_secrets" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"sealed" "bytea" NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"confirmed_at" timestamp with time zone,
	"last_step" bigint DEFAULT 0 NOT NULL,
	"recovery" "bytea"[] DEFAULT '{}' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bookings" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid,
	"vehicle_id" uuid,
	"plate" text NOT NULL,
	"vehicle_type" text NOT NULL,
	"ev" boolean DEFAULT false NOT NULL,
	"accessible" boolean DEFAULT false NOT NULL,
	"kind" text DEFAULT 'reservation' NOT NULL,
	"status" text NOT NULL,
	"ticket_number" text NOT NULL,
	"spot_id" uuid,
	"class" text,
	"zone_slug" text,
	"sale_id" uuid,
	"entry_time" timestamp with time zone NOT NULL,
	"expected_exit" timestamp with time zone NOT NULL,
	"held_until" timestamp with time zone NOT NULL,
	"actual_entry" timestamp with time zone,
	"actual_exit" timestamp with time zone,
	"overstay_at" timestamp with time zone,
	"stay_id" uuid,
	"estimated_minor" bigint NOT NULL,
	"final_minor" bigint,
	"gate_minor" bigint DEFAULT 0 NOT NULL,
	"paid_minor" bigint DEFAULT 0 NOT NULL,
	"currency" text NOT NULL,
	"applied_rule" text NOT NULL,
	"tariff" text NOT NULL,
	"subscription_id" uuid,
	"cancel_reason" text,
	"made_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone,
	"untold" boolean DEFAULT true NOT NULL,
	CONSTRAINT "bookings_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"owner" uuid NOT NULL,
	"key" text NOT NULL,
	"request" "bytea" NOT NULL,
	"status" integer NOT NULL,
	"answer" json,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_owner_key_pk" PRIMARY KEY("owner","key")
);
--> statement-breakpoint
CREATE TABLE "listed_plates" (
	"facility_id" uuid NOT NULL,
	"list" text NOT NULL,
	"plate" text NOT NULL,
	"reason" text NOT NULL,
	"until" timestamp with time zone,
	"by" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "listed_plates_facility_id_list_plate_pk" PRIMARY KEY("facility_id","list","plate")
);
--> statement-breakpoint
CREATE TABLE "pass_plans" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"price_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"period" text NOT NULL,
	"periods" integer DEFAULT 1 NOT NULL,
	"quota_stays" integer,
	"spaces" integer DEFAULT 1 NOT NULL,
	"max_vehicles" integer DEFAULT 1 NOT NULL,
	"tariff_pass" text,
	"zone_slug" text,
	"on_sale" boolean DEFAULT true NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	CONSTRAINT "pass_plans_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "subscription_periods" (
	"facility_id" uuid NOT NULL,
	"subscription_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"user_id" uuid NOT NULL,
	"plan_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"from" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"value_minor" bigint NOT NULL,
	"due_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"payment_id" uuid,
	"paid_at" timestamp with time zone,
	"refund_minor" bigint DEFAULT 0 NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	CONSTRAINT "subscription_periods_facility_id_subscription_id_number_pk" PRIMARY KEY("facility_id","subscription_id","number")
);
--> statement-breakpoint
CREATE TABLE "subscription_stays" (
	"facility_id" uuid NOT NULL,
	"subscription_id" uuid NOT NULL,
	"stay_id" uuid NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "subscription_stays_facility_id_stay_id_pk" PRIMARY KEY("facility_id","stay_id")
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"plan_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"status" text NOT NULL,
	"plates" text[] NOT NULL,
	"valid_from" timestamp with time zone NOT NULL,
	"valid_until" timestamp with time zone NOT NULL,
	"renews" boolean DEFAULT false NOT NULL,
	"quota_stays" integer,
	"used_stays" integer DEFAULT 0 NOT NULL,
	"price_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"cancelled_at" timestamp with time zone,
	"untold" boolean DEFAULT true NOT NULL,
	CONSTRAINT "subscriptions_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "vehicle_transfers" (
	"vehicle_id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"code_hash" "bytea" NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "vehicle_transfers_code_hash_unique" UNIQUE("code_hash")
);
--> statement-breakpoint
CREATE TABLE "vehicles" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"plate" text NOT NULL,
	"type" text NOT NULL,
	"ev" boolean DEFAULT false NOT NULL,
	"accessible" boolean DEFAULT false NOT NULL,
	"name" text DEFAULT '' NOT NULL,
	"owned_from" timestamp with time zone NOT NULL,
	"owned_until" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "disputes" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"violation_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"text" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"decision" text,
	"reduced_to_minor" bigint,
	"decided_by" text,
	"decided_at" timestamp with time zone,
	"answer" text,
	CONSTRAINT "disputes_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "penalty_rules" (
	"facility_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"per_hour_minor" bigint DEFAULT 0 NOT NULL,
	"max_minor" bigint,
	"grace_minutes" integer DEFAULT 0 NOT NULL,
	"due_days" integer DEFAULT 14 NOT NULL,
	"currency" text NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"changed_by" text NOT NULL,
	CONSTRAINT "penalty_rules_facility_id_kind_pk" PRIMARY KEY("facility_id","kind")
);
--> statement-breakpoint
CREATE TABLE "violations" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"status" text NOT NULL,
	"source" text NOT NULL,
	"source_key" text NOT NULL,
	"plate" text,
	"stay_id" uuid,
	"booking_id" uuid,
	"spot_id" uuid,
	"user_id" uuid,
	"minutes" integer,
	"goes_on" boolean DEFAULT false NOT NULL,
	"penalty_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"note" text DEFAULT '' NOT NULL,
	"pictures" text[] NOT NULL,
	"reported_by" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone,
	"void_reason" text,
	CONSTRAINT "violations_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "provider_ledger" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"refund_id" uuid,
	"provider" text NOT NULL,
	"reference" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "provider_ledger_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "provider_payments" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid,
	"purpose" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"method" text NOT NULL,
	"reference" text,
	"charge" text,
	"status" text NOT NULL,
	"manual_capture" boolean DEFAULT false NOT NULL,
	"amount_minor" bigint NOT NULL,
	"captured_minor" bigint DEFAULT 0 NOT NULL,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"currency" text NOT NULL,
	"failure" text,
	"made_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"captured_at" timestamp with time zone,
	"poll_at" timestamp with time zone,
	"polls" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "provider_payments_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "reconciliations" (
	"provider" text NOT NULL,
	"day" date NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"their_count" integer NOT NULL,
	"their_minor" bigint NOT NULL,
	"our_count" integer NOT NULL,
	"our_minor" bigint NOT NULL,
	"differences" json NOT NULL,
	CONSTRAINT "reconciliations_provider_day_currency_pk" PRIMARY KEY("provider","day","currency")
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"payment_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" text NOT NULL,
	"reference" text,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"poll_at" timestamp with time zone,
	"polls" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "refunds_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "tariff_versions" (
	"facility_id" uuid NOT NULL,
	"tariff_id" text NOT NULL,
	"version" integer NOT NULL,
	"status" text NOT NULL,
	"title" text NOT NULL,
	"document" json NOT NULL,
	"valid_from" timestamp with time zone,
	"made_by" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"published_at" timestamp with time zone,
	CONSTRAINT "tariff_versions_facility_id_tariff_id_version_pk" PRIMARY KEY("facility_id","tariff_id","version")
);
--> statement-breakpoint
CREATE TABLE "spot_counts" (
	"facility_id" uuid NOT NULL,
	"zone_id" uuid NOT NULL,
	"size" text NOT NULL,
	"ev" boolean NOT NULL,
	"accessible" boolean NOT NULL,
	"total" integer NOT NULL,
	"occupied" integer NOT NULL,
	"blocked" integer NOT NULL,
	CONSTRAINT "spot_counts_facility_id_zone_id_size_ev_accessible_pk" PRIMARY KEY("facility_id","zone_id","size","ev","accessible"),
	CONSTRAINT "spot_counts_sum" CHECK ("spot_counts"."occupied" >= 0 and "spot_counts"."blocked" >= 0 and "spot_counts"."occupied" + "spot_counts"."blocked" <= "spot_counts"."total")
);
--> statement-breakpoint
CREATE TABLE "spots" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"zone_id" uuid NOT NULL,
	"number" text NOT NULL,
	"size" text NOT NULL,
	"size_rank" integer NOT NULL,
	"ev" boolean DEFAULT false NOT NULL,
	"accessible" boolean DEFAULT false NOT NULL,
	"vehicle_types" text[] DEFAULT '{}' NOT NULL,
	"reservable" boolean DEFAULT true NOT NULL,
	"status" text DEFAULT 'free' NOT NULL,
	"status_at" timestamp with time zone NOT NULL,
	"status_by" text NOT NULL,
	"sensor" text,
	"closed_at" timestamp with time zone,
	CONSTRAINT "spots_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "zones" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"parent_id" uuid,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"level" integer DEFAULT 0 NOT NULL,
	"closed_at" timestamp with time zone,
	CONSTRAINT "zones_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "audit_entries" (
	"organisation_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"ordinal" bigserial NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"actor" text NOT NULL,
	"role" text NOT NULL,
	"action" text NOT NULL,
	"subject" text NOT NULL,
	"facility_id" uuid,
	"detail" json NOT NULL,
	"request_id" text NOT NULL,
	"seq" bigint,
	"previous_hash" "bytea",
	"hash" "bytea",
	CONSTRAINT "audit_entries_organisation_id_id_pk" PRIMARY KEY("organisation_id","id")
);
--> statement-breakpoint
CREATE TABLE "facility_changes" (
	"facility_id" uuid NOT NULL,
	"id" bigserial NOT NULL,
	"xid" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"kind" text NOT NULL,
	"body" json NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "facility_changes_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "legal_holds" (
	"organisation_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"facility_id" uuid NOT NULL,
	"plate" text,
	"stay_id" uuid,
	"reason" text NOT NULL,
	"by" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"lifted_at" timestamp with time zone,
	CONSTRAINT "legal_holds_organisation_id_id_pk" PRIMARY KEY("organisation_id","id")
);
--> statement-breakpoint
CREATE TABLE "count_corrections" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"before" integer NOT NULL,
	"after" integer NOT NULL,
	"cause" text NOT NULL,
	"actor" text,
	"reason" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "count_corrections_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "forgotten_days" (
	"facility_id" uuid NOT NULL,
	"day" date NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "forgotten_days_facility_id_day_pk" PRIMARY KEY("facility_id","day")
);
--> statement-breakpoint
DROP INDEX "movements_at";--> statement-breakpoint
ALTER TABLE "movements" DROP CONSTRAINT "movements_facility_id_movement_id_pk";--> statement-breakpoint
ALTER TABLE "users" ALTER COLUMN "organisation_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "movements" ADD CONSTRAINT "movements_facility_id_at_movement_id_pk" PRIMARY KEY("facility_id","at","movement_id");--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "forgotten_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "kind" text DEFAULT 'other' NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "address" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "city" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "country" text;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "latitude" double precision;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "longitude" double precision;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "opening_hours" json;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "listed" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "bookable" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "gate_rights" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "booking_policy" json;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "retention" json;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "closed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "role" text DEFAULT 'owner' NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "first_name" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "last_name" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "phone" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "made_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "disabled_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "api_keys_organisation" ON "api_keys" USING btree ("organisation_id","made_at");--> statement-breakpoint
CREATE INDEX "password_resets_user" ON "password_resets" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_sign_in" ON "refresh_tokens" USING btree ("sign_in_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_over" ON "refresh_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sign_ins_user" ON "sign_ins" USING btree ("user_id","at");--> statement-breakpoint
CREATE INDEX "staff_facilities_facility" ON "staff_facilities" USING btree ("facility_id");--> statement-breakpoint
CREATE INDEX "bookings_id" ON "bookings" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "bookings_ticket" ON "bookings" USING btree ("facility_id","ticket_number");--> statement-breakpoint
CREATE INDEX "bookings_ticket_number" ON "bookings" USING btree ("ticket_number");--> statement-breakpoint
CREATE INDEX "bookings_user" ON "bookings" USING btree ("user_id","entry_time");--> statement-breakpoint
CREATE INDEX "bookings_entry" ON "bookings" USING btree ("facility_id","entry_time");--> statement-breakpoint
CREATE INDEX "bookings_stay" ON "bookings" USING btree ("facility_id","stay_id");--> statement-breakpoint
CREATE INDEX "bookings_at_gate" ON "bookings" USING btree ("facility_id","stay_id") WHERE "bookings"."stay_id" is not null and "bookings"."status" <> 'COMPLETED';--> statement-breakpoint
CREATE INDEX "bookings_plate" ON "bookings" USING btree ("facility_id","plate");--> statement-breakpoint
CREATE INDEX "bookings_untold" ON "bookings" USING btree ("facility_id","changed_at") WHERE "bookings"."untold";--> statement-breakpoint
CREATE INDEX "bookings_active" ON "bookings" USING btree ("facility_id") WHERE "bookings"."status" = 'ACTIVE';--> statement-breakpoint
CREATE INDEX "bookings_due" ON "bookings" USING btree ("due_at") WHERE "bookings"."due_at" is not null;--> statement-breakpoint
CREATE INDEX "idempotency_keys_at" ON "idempotency_keys" USING btree ("at");--> statement-breakpoint
CREATE UNIQUE INDEX "subscription_periods_due" ON "subscription_periods" USING btree ("facility_id","subscription_id") WHERE "subscription_periods"."status" = 'due';--> statement-breakpoint
CREATE UNIQUE INDEX "subscription_periods_payment" ON "subscription_periods" USING btree ("facility_id","payment_id");--> statement-breakpoint
CREATE INDEX "subscription_stays_used" ON "subscription_stays" USING btree ("facility_id","subscription_id","at");--> statement-breakpoint
CREATE INDEX "subscriptions_user" ON "subscriptions" USING btree ("user_id","made_at");--> statement-breakpoint
CREATE INDEX "subscriptions_id" ON "subscriptions" USING btree ("id");--> statement-breakpoint
CREATE INDEX "subscriptions_plan" ON "subscriptions" USING btree ("facility_id","plan_id");--> statement-breakpoint
CREATE INDEX "subscriptions_over" ON "subscriptions" USING btree ("status","valid_until");--> statement-breakpoint
CREATE INDEX "subscriptions_exhausted" ON "subscriptions" USING btree ("valid_until") WHERE "subscriptions"."status" = 'active' and "subscriptions"."used_stays" >= "subscriptions"."quota_stays";--> statement-breakpoint
CREATE INDEX "subscriptions_untold" ON "subscriptions" USING btree ("facility_id") WHERE "subscriptions"."untold";--> statement-breakpoint
CREATE INDEX "vehicles_user" ON "vehicles" USING btree ("user_id","owned_from");--> statement-breakpoint
CREATE INDEX "vehicles_plate" ON "vehicles" USING btree ("plate");--> statement-breakpoint
CREATE UNIQUE INDEX "vehicles_owned" ON "vehicles" USING btree ("user_id","plate") WHERE "vehicles"."owned_until" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_violation" ON "disputes" USING btree ("facility_id","violation_id");--> statement-breakpoint
CREATE UNIQUE INDEX "violations_once" ON "violations" USING btree ("facility_id","source","source_key");--> statement-breakpoint
CREATE INDEX "violations_id" ON "violations" USING btree ("id");--> statement-breakpoint
CREATE INDEX "violations_at" ON "violations" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "violations_user" ON "violations" USING btree ("user_id","at");--> statement-breakpoint
CREATE INDEX "violations_plate" ON "violations" USING btree ("facility_id","plate");--> statement-breakpoint
CREATE INDEX "violations_going_on" ON "violations" USING btree ("facility_id") WHERE "violations"."goes_on";--> statement-breakpoint
CREATE INDEX "violations_stay" ON "violations" USING btree ("facility_id","stay_id");--> statement-breakpoint
CREATE UNIQUE INDEX "provider_ledger_once" ON "provider_ledger" USING btree ("facility_id","kind","provider","reference");--> statement-breakpoint
CREATE UNIQUE INDEX "provider_ledger_captured" ON "provider_ledger" USING btree ("facility_id","payment_id") WHERE "provider_ledger"."kind" = 'capture';--> statement-breakpoint
CREATE INDEX "provider_ledger_reference" ON "provider_ledger" USING btree ("provider","reference");--> statement-breakpoint
CREATE INDEX "provider_ledger_at" ON "provider_ledger" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "provider_ledger_day" ON "provider_ledger" USING btree ("provider","at");--> statement-breakpoint
CREATE UNIQUE INDEX "provider_payments_reference" ON "provider_payments" USING btree ("facility_id","provider","reference");--> statement-breakpoint
CREATE INDEX "provider_payments_by_reference" ON "provider_payments" USING btree ("provider","reference");--> statement-breakpoint
CREATE INDEX "provider_payments_by_charge" ON "provider_payments" USING btree ("provider","charge");--> statement-breakpoint
CREATE INDEX "provider_payments_id" ON "provider_payments" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "provider_payments_open" ON "provider_payments" USING btree ("facility_id","purpose","subject_id") WHERE "provider_payments"."status" in ('created', 'pending', 'authorized');--> statement-breakpoint
CREATE INDEX "provider_payments_subject" ON "provider_payments" USING btree ("facility_id","purpose","subject_id");--> statement-breakpoint
CREATE INDEX "provider_payments_user" ON "provider_payments" USING btree ("user_id","made_at");--> statement-breakpoint
CREATE INDEX "provider_payments_made" ON "provider_payments" USING btree ("facility_id","made_at");--> statement-breakpoint
CREATE INDEX "provider_payments_changed" ON "provider_payments" USING btree ("changed_at");--> statement-breakpoint
CREATE INDEX "provider_payments_poll" ON "provider_payments" USING btree ("poll_at") WHERE "provider_payments"."poll_at" is not null;--> statement-breakpoint
CREATE INDEX "refunds_payment" ON "refunds" USING btree ("facility_id","payment_id");--> statement-breakpoint
CREATE INDEX "refunds_poll" ON "refunds" USING btree ("poll_at") WHERE "refunds"."poll_at" is not null;--> statement-breakpoint
CREATE INDEX "tariff_versions_in_force" ON "tariff_versions" USING btree ("facility_id","status","valid_from");--> statement-breakpoint
CREATE INDEX "spots_id" ON "spots" USING btree ("id");--> statement-breakpoint
CREATE UNIQUE INDEX "spots_number" ON "spots" USING btree ("facility_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "spots_sensor" ON "spots" USING btree ("facility_id","sensor");--> statement-breakpoint
CREATE INDEX "spots_search" ON "spots" USING btree ("facility_id","size_rank","ev","accessible");--> statement-breakpoint
CREATE INDEX "spots_zone" ON "spots" USING btree ("facility_id","zone_id");--> statement-breakpoint
CREATE UNIQUE INDEX "zones_slug" ON "zones" USING btree ("facility_id","slug");--> statement-breakpoint
CREATE INDEX "zones_parent" ON "zones" USING btree ("facility_id","parent_id");--> statement-breakpoint
CREATE UNIQUE INDEX "audit_entries_seq" ON "audit_entries" USING btree ("organisation_id","seq");--> statement-breakpoint
CREATE INDEX "audit_entries_ordinal" ON "audit_entries" USING btree ("organisation_id","ordinal");--> statement-breakpoint
CREATE INDEX "audit_entries_loose" ON "audit_entries" USING btree ("ordinal") WHERE "audit_entries"."seq" is null;--> statement-breakpoint
CREATE INDEX "facility_changes_order" ON "facility_changes" USING btree ("facility_id","xid","id");--> statement-breakpoint
CREATE INDEX "facility_changes_at" ON "facility_changes" USING btree ("at");--> statement-breakpoint
CREATE INDEX "legal_holds_facility" ON "legal_holds" USING btree ("facility_id");--> statement-breakpoint
CREATE INDEX "count_corrections_at" ON "count_corrections" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "facilities_organisation" ON "facilities" USING btree ("organisation_id");--> statement-breakpoint
CREATE INDEX "facilities_city" ON "facilities" USING btree (lower("city" collate "pg_c_utf8"),"id") WHERE "facilities"."listed" and "facilities"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "facilities_latitude" ON "facilities" USING btree ("latitude","longitude");