CREATE TABLE "validations" (
	"facility_id" uuid NOT NULL,
	"validation_id" uuid NOT NULL,
	"stay_id" uuid NOT NULL,
	"merchant" text NOT NULL,
	"name" text NOT NULL,
	"value" text NOT NULL,
	"serial" text,
	"actor" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "validations_facility_id_validation_id_pk" PRIMARY KEY("facility_id","validation_id")
);
--> statement-breakpoint
CREATE TABLE "capacity_rights" (
	"facility_id" uuid NOT NULL,
	"class" text NOT NULL,
	"slot" timestamp with time zone NOT NULL,
	"held" integer NOT NULL,
	"sold" integer DEFAULT 0 NOT NULL,
	"owed" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "capacity_rights_facility_id_class_slot_pk" PRIMARY KEY("facility_id","class","slot"),
	CONSTRAINT "capacity_rights_sold" CHECK ("capacity_rights"."sold" >= 0 and "capacity_rights"."sold" <= "capacity_rights"."held"),
	CONSTRAINT "capacity_rights_owed" CHECK ("capacity_rights"."owed" >= 0)
);
--> statement-breakpoint
CREATE TABLE "capacity_sales" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"class" text NOT NULL,
	"from" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"amount" integer NOT NULL,
	"sold_at" timestamp with time zone NOT NULL,
	"released_at" timestamp with time zone,
	CONSTRAINT "capacity_sales_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "cloud_keys" (
	"purpose" text PRIMARY KEY NOT NULL,
	"secret" "bytea" NOT NULL,
	"made_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "downlink" (
	"facility_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"kind" text NOT NULL,
	"body" text NOT NULL,
	"hash" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	CONSTRAINT "downlink_facility_id_seq_pk" PRIMARY KEY("facility_id","seq")
);
--> statement-breakpoint
CREATE TABLE "edge_batches" (
	"edge_id" uuid NOT NULL,
	"last_seq" bigint NOT NULL,
	"first_seq" bigint NOT NULL,
	"previous_hash" text NOT NULL,
	"body" "bytea" NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "edge_batches_edge_id_last_seq_pk" PRIMARY KEY("edge_id","last_seq")
);
--> statement-breakpoint
CREATE TABLE "edge_boots" (
	"edge_id" uuid NOT NULL,
	"boot_id" text NOT NULL,
	"claimed_at" timestamp with time zone NOT NULL,
	"pending" boolean DEFAULT false NOT NULL,
	CONSTRAINT "edge_boots_edge_id_boot_id_pk" PRIMARY KEY("edge_id","boot_id")
);
--> statement-breakpoint
CREATE TABLE "edge_epochs" (
	"edge_id" uuid NOT NULL,
	"epoch" bigint NOT NULL,
	"parent_epoch" bigint NOT NULL,
	"parent_seq" bigint NOT NULL,
	"parent_hash" text NOT NULL,
	"reason" text NOT NULL,
	"begun_at" timestamp with time zone NOT NULL,
	CONSTRAINT "edge_epochs_edge_id_epoch_pk" PRIMARY KEY("edge_id","epoch")
);
--> statement-breakpoint
CREATE TABLE "edge_forks" (
	"edge_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"hash" text NOT NULL,
	"line" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	CONSTRAINT "edge_forks_edge_id_seq_hash_pk" PRIMARY KEY("edge_id","seq","hash")
);
--> statement-breakpoint
CREATE TABLE "edge_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"edge_id" uuid NOT NULL,
	"public_key" "bytea" NOT NULL,
	"name" text NOT NULL,
	"enrolled_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_by" text
);
--> statement-breakpoint
CREATE TABLE "edge_live" (
	"facility_id" uuid PRIMARY KEY NOT NULL,
	"boot_id" text NOT NULL,
	"serial" bigint NOT NULL,
	"state" json NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "edge_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"key_id" uuid NOT NULL,
	"nonce" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "edge_tokens_nonce_unique" UNIQUE("nonce")
);
--> statement-breakpoint
CREATE TABLE "enrolment_codes" (
	"code_hash" "bytea" PRIMARY KEY NOT NULL,
	"facility_id" uuid NOT NULL,
	"made_by" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"used_by" uuid
);
--> statement-breakpoint
CREATE TABLE "equality_checks" (
	"facility_id" uuid NOT NULL,
	"day" date NOT NULL,
	"subject" text NOT NULL,
	"seq" bigint NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"edge_count" bigint NOT NULL,
	"edge_minor" bigint NOT NULL,
	"edge_digest" text NOT NULL,
	"cloud_count" bigint NOT NULL,
	"cloud_minor" bigint NOT NULL,
	"cloud_digest" text NOT NULL,
	"equal" boolean NOT NULL,
	CONSTRAINT "equality_checks_facility_id_day_subject_pk" PRIMARY KEY("facility_id","day","subject")
);
--> statement-breakpoint
CREATE TABLE "equality_differences" (
	"facility_id" uuid NOT NULL,
	"day" date NOT NULL,
	"subject" text NOT NULL,
	"row_id" text NOT NULL,
	"edge_row" text,
	"cloud_row" text,
	"found_at" timestamp with time zone NOT NULL,
	"quarantined_seq" bigint,
	CONSTRAINT "equality_differences_facility_id_day_subject_row_id_pk" PRIMARY KEY("facility_id","day","subject","row_id")
);
--> statement-breakpoint
CREATE TABLE "manifest_buckets" (
	"facility_id" uuid NOT NULL,
	"bucket" integer NOT NULL,
	"digest" text NOT NULL,
	CONSTRAINT "manifest_buckets_facility_id_bucket_pk" PRIMARY KEY("facility_id","bucket")
);
--> statement-breakpoint
CREATE TABLE "manifest_entries" (
	"facility_id" uuid NOT NULL,
	"section" text NOT NULL,
	"key" text NOT NULL,
	"body" text,
	"hash" text NOT NULL,
	"bucket" integer NOT NULL,
	"version" bigint NOT NULL,
	CONSTRAINT "manifest_entries_facility_id_section_key_pk" PRIMARY KEY("facility_id","section","key")
);
--> statement-breakpoint
CREATE TABLE "manifests" (
	"facility_id" uuid NOT NULL,
	"version" bigint NOT NULL,
	"digest" text NOT NULL,
	"signature" text NOT NULL,
	"made_at" timestamp with time zone NOT NULL,
	"entries" integer NOT NULL,
	CONSTRAINT "manifests_facility_id_version_pk" PRIMARY KEY("facility_id","version")
);
--> statement-breakpoint
CREATE TABLE "pictures" (
	"facility_id" uuid NOT NULL,
	"picture_id" text NOT NULL,
	"subject" text NOT NULL,
	"size" integer NOT NULL,
	"sha256" text NOT NULL,
	"received" integer NOT NULL,
	"complete" boolean DEFAULT false NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "pictures_facility_id_picture_id_pk" PRIMARY KEY("facility_id","picture_id")
);
--> statement-breakpoint
CREATE TABLE "remote_commands" (
	"id" uuid PRIMARY KEY NOT NULL,
	"facility_id" uuid NOT NULL,
	"act" text NOT NULL,
	"lane" text,
	"ticket_number" text,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"issued_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"epoch" bigint NOT NULL,
	"outcome" text,
	"detail" text,
	"answered_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "rights_requests" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"class" text NOT NULL,
	"from" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"amount" integer NOT NULL,
	"asked_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "rights_requests_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "rights_transfers" (
	"facility_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"direction" text NOT NULL,
	"class" text NOT NULL,
	"from" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"amount" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"told_at" timestamp with time zone,
	CONSTRAINT "rights_transfers_facility_id_id_pk" PRIMARY KEY("facility_id","id")
);
--> statement-breakpoint
CREATE TABLE "sync_incidents" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"facility_id" uuid NOT NULL,
	"edge_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"detail" text NOT NULL,
	"count" integer DEFAULT 1 NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"last_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone,
	"seen_by" text
);
--> statement-breakpoint
ALTER TABLE "edge_events" ADD COLUMN "epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "edge_events" ADD COLUMN "hash" "bytea";--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "epoch" bigint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "head_hash" text;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "boot_id" text;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "claimed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "version" text;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "clock_offset_ms" bigint;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "waiting" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "manifest_version" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "edges" ADD COLUMN "token_revoked_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "downlink_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "downlink_hash" text;--> statement-breakpoint
ALTER TABLE "remote_payments" ADD COLUMN "downlink_seq" bigint;--> statement-breakpoint
ALTER TABLE "stays" ADD COLUMN "vehicle_type" text DEFAULT 'car' NOT NULL;--> statement-breakpoint
ALTER TABLE "stays" ADD COLUMN "ev" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "stays" ADD COLUMN "accessible" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "stays" ADD COLUMN "lost_ticket" text DEFAULT 'no' NOT NULL;--> statement-breakpoint
CREATE INDEX "validations_at" ON "validations" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "validations_stay" ON "validations" USING btree ("facility_id","stay_id");--> statement-breakpoint
CREATE INDEX "capacity_sales_open" ON "capacity_sales" USING btree ("facility_id","class","until") WHERE "capacity_sales"."released_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "edge_keys_in_force" ON "edge_keys" USING btree ("edge_id") WHERE "edge_keys"."revoked_at" is null;--> statement-breakpoint
CREATE INDEX "edge_tokens_key" ON "edge_tokens" USING btree ("key_id");--> statement-breakpoint
CREATE INDEX "equality_checks_unequal" ON "equality_checks" USING btree ("facility_id","day") WHERE not "equality_checks"."equal";--> statement-breakpoint
CREATE INDEX "manifest_entries_version" ON "manifest_entries" USING btree ("facility_id","version","section","key");--> statement-breakpoint
CREATE INDEX "manifest_entries_bucket" ON "manifest_entries" USING btree ("facility_id","bucket");--> statement-breakpoint
CREATE INDEX "manifest_entries_gone" ON "manifest_entries" USING btree ("facility_id","version") WHERE "manifest_entries"."body" is null;--> statement-breakpoint
CREATE INDEX "pictures_subject" ON "pictures" USING btree ("facility_id","subject");--> statement-breakpoint
CREATE INDEX "remote_commands_facility" ON "remote_commands" USING btree ("facility_id","issued_at");--> statement-breakpoint
CREATE INDEX "rights_requests_open" ON "rights_requests" USING btree ("facility_id","class","expires_at");--> statement-breakpoint
CREATE INDEX "rights_transfers_under_way" ON "rights_transfers" USING btree ("facility_id","class","until") WHERE "rights_transfers"."told_at" is null;--> statement-breakpoint
CREATE INDEX "sync_incidents_facility" ON "sync_incidents" USING btree ("facility_id","at");--> statement-breakpoint
CREATE UNIQUE INDEX "sync_incidents_open" ON "sync_incidents" USING btree ("edge_id","kind","detail") WHERE "sync_incidents"."seen_at" is null;--> statement-breakpoint
CREATE INDEX "alarms_waiting" ON "alarms" USING btree ("facility_id") WHERE "alarms"."acknowledged_at" is null;--> statement-breakpoint
CREATE INDEX "receipts_at" ON "receipts" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "remote_payments_untold" ON "remote_payments" USING btree ("facility_id","feed_seq") WHERE "remote_payments"."feed_seq" is not null and "remote_payments"."downlink_seq" is null;--> statement-breakpoint
CREATE INDEX "shifts_closed" ON "shifts" USING btree ("facility_id","closed_at");