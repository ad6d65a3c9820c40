CREATE TYPE "public"."stay_status" AS ENUM('provisional', 'void', 'open', 'closed');--> statement-breakpoint
CREATE TABLE "alarms" (
	"facility_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"kind" text NOT NULL,
	"detail" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "alarms_facility_id_event_id_pk" PRIMARY KEY("facility_id","event_id")
);
--> statement-breakpoint
CREATE TABLE "edge_events" (
	"edge_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"event_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"schema_version" bigint NOT NULL,
	"wall_time" timestamp with time zone NOT NULL,
	"received_at" timestamp with time zone NOT NULL,
	"payload" json NOT NULL,
	"outcome" text NOT NULL,
	"error" text,
	CONSTRAINT "edge_events_edge_id_seq_pk" PRIMARY KEY("edge_id","seq")
);
--> statement-breakpoint
CREATE TABLE "edges" (
	"id" uuid PRIMARY KEY NOT NULL,
	"facility_id" uuid NOT NULL,
	"token_hash" "bytea",
	"cursor" bigint DEFAULT 0 NOT NULL,
	"last_seen_at" timestamp with time zone,
	"behind_ms" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "edges_token_hash_unique" UNIQUE("token_hash")
);
--> statement-breakpoint
CREATE TABLE "facilities" (
	"id" uuid PRIMARY KEY NOT NULL,
	"organisation_id" uuid NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"time_zone" text NOT NULL,
	"currency" text NOT NULL,
	"capacity" integer NOT NULL,
	"inside" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "facilities_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
CREATE TABLE "lanes" (
	"facility_id" uuid NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"direction" text NOT NULL,
	"position" integer NOT NULL,
	CONSTRAINT "lanes_facility_id_slug_pk" PRIMARY KEY("facility_id","slug")
);
--> statement-breakpoint
CREATE TABLE "movements" (
	"facility_id" uuid NOT NULL,
	"movement_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"direction" text NOT NULL,
	"kind" text NOT NULL,
	"stay_id" uuid,
	"plate" text,
	"at" timestamp with time zone NOT NULL,
	"review" text,
	"fee_minor" bigint,
	"fee_currency" text,
	CONSTRAINT "movements_facility_id_movement_id_pk" PRIMARY KEY("facility_id","movement_id")
);
--> statement-breakpoint
CREATE TABLE "organisations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "organisations_slug_unique" UNIQUE("slug")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"facility_id" uuid NOT NULL,
	"payment_id" uuid NOT NULL,
	"stay_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"method" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "payments_facility_id_payment_id_pk" PRIMARY KEY("facility_id","payment_id")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "stays" (
	"facility_id" uuid NOT NULL,
	"stay_id" uuid NOT NULL,
	"status" "stay_status" NOT NULL,
	"ticket_number" text,
	"plate" text,
	"entry_lane" text,
	"entry_at" timestamp with time zone,
	"exit_lane" text,
	"exit_at" timestamp with time zone,
	"fee_minor" bigint,
	"fee_currency" text,
	"applied_rule" text,
	"tariff_version" bigint,
	"void_reason" text,
	"review" text,
	CONSTRAINT "stays_facility_id_stay_id_pk" PRIMARY KEY("facility_id","stay_id")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organisation_id" uuid NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"password_hash" text NOT NULL,
	CONSTRAINT "users_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE TABLE "vends" (
	"facility_id" uuid NOT NULL,
	"command_id" uuid NOT NULL,
	"lane" text NOT NULL,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "vends_facility_id_command_id_pk" PRIMARY KEY("facility_id","command_id")
);
--> statement-breakpoint
ALTER TABLE "edges" ADD CONSTRAINT "edges_facility_id_facilities_id_fk" FOREIGN KEY ("facility_id") REFERENCES "public"."facilities"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "facilities" ADD CONSTRAINT "facilities_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "lanes" ADD CONSTRAINT "lanes_facility_id_facilities_id_fk" FOREIGN KEY ("facility_id") REFERENCES "public"."facilities"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_organisation_id_organisations_id_fk" FOREIGN KEY ("organisation_id") REFERENCES "public"."organisations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "alarms_at" ON "alarms" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "edge_events_not_applied" ON "edge_events" USING btree ("edge_id","seq") WHERE "edge_events"."outcome" <> 'applied';--> statement-breakpoint
CREATE INDEX "movements_at" ON "movements" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "payments_at" ON "payments" USING btree ("facility_id","at");--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "stays_entry" ON "stays" USING btree ("facility_id","entry_at");--> statement-breakpoint
CREATE INDEX "stays_exit" ON "stays" USING btree ("facility_id","exit_at");