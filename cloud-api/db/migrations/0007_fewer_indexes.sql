DROP INDEX "bookings_id";--> statement-breakpoint
DROP INDEX "bookings_ticket_number";--> statement-breakpoint
DROP INDEX "audit_entries_ordinal";--> statement-breakpoint
DROP INDEX "facility_changes_order";--> statement-breakpoint
DROP INDEX "bookings_ticket";--> statement-breakpoint
DROP INDEX "bookings_stay";--> statement-breakpoint
DROP INDEX "audit_entries_seq";--> statement-breakpoint
DROP INDEX "facility_changes_at";--> statement-breakpoint
ALTER TABLE "bookings" DROP CONSTRAINT "bookings_facility_id_id_pk";--> statement-breakpoint
ALTER TABLE "audit_entries" DROP CONSTRAINT "audit_entries_organisation_id_id_pk";--> statement-breakpoint
ALTER TABLE "facility_changes" DROP CONSTRAINT "facility_changes_facility_id_id_pk";--> statement-breakpoint
ALTER TABLE "bookings" ADD CONSTRAINT "bookings_id_facility_id_pk" PRIMARY KEY("id","facility_id");--> statement-breakpoint
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_organisation_id_ordinal_pk" PRIMARY KEY("organisation_id","ordinal");--> statement-breakpoint
ALTER TABLE "facility_changes" ADD CONSTRAINT "facility_changes_facility_id_xid_id_pk" PRIMARY KEY("facility_id","xid","id");--> statement-breakpoint
CREATE UNIQUE INDEX "bookings_ticket" ON "bookings" USING btree ("ticket_number","facility_id");--> statement-breakpoint
CREATE INDEX "bookings_stay" ON "bookings" USING btree ("facility_id","stay_id") WHERE "bookings"."stay_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "audit_entries_seq" ON "audit_entries" USING btree ("organisation_id","seq") WHERE "audit_entries"."seq" is not null;--> statement-breakpoint
CREATE INDEX "facility_changes_at" ON "facility_changes" USING brin ("at");