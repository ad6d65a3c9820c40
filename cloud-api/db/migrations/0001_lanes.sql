ALTER TABLE "alarms" RENAME COLUMN "event_id" TO "alarm_id";--> statement-breakpoint
ALTER TABLE "alarms" DROP CONSTRAINT "alarms_facility_id_event_id_pk";--> statement-breakpoint
ALTER TABLE "alarms" ADD CONSTRAINT "alarms_facility_id_alarm_id_pk" PRIMARY KEY("facility_id","alarm_id");--> statement-breakpoint
ALTER TABLE "alarms" ADD COLUMN "ended_at" timestamp with time zone;--> statement-breakpoint
-- The alarms of before had no end that anybody was told of: they are over.
UPDATE "alarms" SET "ended_at" = "at";--> statement-breakpoint
ALTER TABLE "alarms" ADD COLUMN "acknowledged_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "alarms" ADD COLUMN "acknowledged_by" text;--> statement-breakpoint
ALTER TABLE "movements" ADD COLUMN "scope" text DEFAULT 'facility' NOT NULL;--> statement-breakpoint
ALTER TABLE "stays" ADD COLUMN "right_kind" text;--> statement-breakpoint
ALTER TABLE "stays" ADD COLUMN "right_id" text;