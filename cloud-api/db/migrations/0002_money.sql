CREATE TYPE "public"."remote_payment_status" AS ENUM('pending', 'failed', 'captured');--> statement-breakpoint
CREATE TABLE "ledger" (
	"facility_id" uuid NOT NULL,
	"entry_id" uuid NOT NULL,
	"stay_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"side" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"method" text,
	"payment_id" uuid,
	"shift_id" uuid,
	"place" text NOT NULL,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"debtor" text,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "ledger_facility_id_entry_id_pk" PRIMARY KEY("facility_id","entry_id")
);
--> statement-breakpoint
CREATE TABLE "provider_events" (
	"provider" text NOT NULL,
	"event_id" text NOT NULL,
	"facility_id" uuid,
	"kind" text NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"outcome" text NOT NULL,
	"payload" json NOT NULL,
	CONSTRAINT "provider_events_provider_event_id_pk" PRIMARY KEY("provider","event_id")
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"facility_id" uuid NOT NULL,
	"number" bigint NOT NULL,
	"kind" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"stay_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"hash" text NOT NULL,
	"previous_hash" text,
	"key_id" bigint NOT NULL,
	"signature" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "receipts_facility_id_number_pk" PRIMARY KEY("facility_id","number")
);
--> statement-breakpoint
CREATE TABLE "remote_payments" (
	"facility_id" uuid NOT NULL,
	"payment_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"reference" text NOT NULL,
	"stay_id" uuid NOT NULL,
	"method" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"status" "remote_payment_status" NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	"captured_at" timestamp with time zone,
	"feed_seq" bigint,
	CONSTRAINT "remote_payments_facility_id_payment_id_pk" PRIMARY KEY("facility_id","payment_id")
);
--> statement-breakpoint
CREATE TABLE "shifts" (
	"facility_id" uuid NOT NULL,
	"shift_id" uuid NOT NULL,
	"attendant" text,
	"currency" text NOT NULL,
	"opened_at" timestamp with time zone,
	"float_minor" bigint,
	"closed_at" timestamp with time zone,
	"z_number" bigint,
	"expected_minor" bigint,
	"counted_minor" bigint,
	CONSTRAINT "shifts_facility_id_shift_id_pk" PRIMARY KEY("facility_id","shift_id")
);
--> statement-breakpoint
ALTER TABLE "facilities" ADD COLUMN "remote_payment_seq" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "change_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "reference" text;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "shift_id" uuid;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "receipt_number" bigint;--> statement-breakpoint
CREATE INDEX "ledger_at" ON "ledger" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "ledger_stay" ON "ledger" USING btree ("facility_id","stay_id");--> statement-breakpoint
CREATE INDEX "provider_events_unmatched" ON "provider_events" USING btree ("received_at") WHERE "provider_events"."outcome" = 'unmatched';--> statement-breakpoint
CREATE INDEX "receipts_stay" ON "receipts" USING btree ("facility_id","stay_id");--> statement-breakpoint
CREATE UNIQUE INDEX "remote_payments_reference" ON "remote_payments" USING btree ("facility_id","provider","reference");--> statement-breakpoint
CREATE UNIQUE INDEX "remote_payments_feed" ON "remote_payments" USING btree ("facility_id","feed_seq");--> statement-breakpoint
CREATE INDEX "remote_payments_stay" ON "remote_payments" USING btree ("facility_id","stay_id");--> statement-breakpoint
CREATE INDEX "shifts_opened" ON "shifts" USING btree ("facility_id","opened_at");