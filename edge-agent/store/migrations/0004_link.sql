CREATE TABLE `capacity_rights` (
	`class` text NOT NULL,
	`slot_at` integer NOT NULL,
	`given` integer NOT NULL,
	PRIMARY KEY(`slot_at`, `class`),
	CONSTRAINT "capacity_rights_given" CHECK("capacity_rights"."given" >= 0)
);
--> statement-breakpoint
CREATE TABLE `link_state` (
	`id` integer PRIMARY KEY NOT NULL,
	`epoch` integer DEFAULT 1 NOT NULL,
	`anchor_seq` integer DEFAULT 0 NOT NULL,
	`anchor_hash` text NOT NULL,
	`fenced` text,
	`restored_seq` integer,
	`adopted_seq` integer,
	`downlink_hash` text NOT NULL,
	`signing_key` text,
	`clock_offset_ms` integer,
	`parent_epoch` integer,
	`parent_seq` integer,
	`parent_hash` text,
	`receipt_number` integer DEFAULT 0 NOT NULL,
	`receipt_hash` text,
	`z_number` integer DEFAULT 0 NOT NULL,
	`books_from` text,
	`epoch_reason` text,
	CONSTRAINT "link_state_single" CHECK("link_state"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE `manifest_entries` (
	`section` text NOT NULL,
	`key` text NOT NULL,
	`generation` integer NOT NULL,
	`body` text,
	`hash` text NOT NULL,
	`bucket` integer NOT NULL,
	PRIMARY KEY(`section`, `key`, `generation`)
);
--> statement-breakpoint
CREATE INDEX `manifest_entries_by_bucket` ON `manifest_entries` (`bucket`);--> statement-breakpoint
CREATE INDEX `manifest_entries_by_generation` ON `manifest_entries` (`generation`);--> statement-breakpoint
CREATE TABLE `manifest_fetch` (
	`id` integer PRIMARY KEY NOT NULL,
	`full` integer NOT NULL,
	`next` text,
	CONSTRAINT "manifest_fetch_single" CHECK("manifest_fetch"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE `manifests` (
	`version` integer PRIMARY KEY NOT NULL,
	`digest` text NOT NULL,
	`signature` text NOT NULL,
	`made_at` integer NOT NULL,
	`taken_at` integer NOT NULL,
	`entries` integer NOT NULL,
	`generation` integer NOT NULL,
	`base` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `picture_uploads` (
	`picture_id` text PRIMARY KEY NOT NULL,
	`subject` text NOT NULL,
	`queued_at` integer NOT NULL,
	`sent` integer DEFAULT 0 NOT NULL,
	`failed` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `picture_uploads_next` ON `picture_uploads` (`queued_at`,`picture_id`);--> statement-breakpoint
CREATE TABLE `remote_commands` (
	`id` text PRIMARY KEY NOT NULL,
	`act` text NOT NULL,
	`lane` text,
	`ticket_number` text,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`received_at` integer NOT NULL,
	`outcome` text,
	`detail` text,
	`answered_at` integer
);
--> statement-breakpoint
CREATE INDEX `remote_commands_open` ON `remote_commands` (`received_at`) WHERE "remote_commands"."outcome" is null;--> statement-breakpoint
CREATE TABLE `restore_conflicts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`seq` integer NOT NULL,
	`table_name` text NOT NULL,
	`row` text NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `rights_transfers` (
	`id` text PRIMARY KEY NOT NULL,
	`direction` text NOT NULL,
	`class` text NOT NULL,
	`from_at` integer NOT NULL,
	`until_at` integer NOT NULL,
	`amount` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `lists` ADD `source` text DEFAULT 'file' NOT NULL;--> statement-breakpoint
ALTER TABLE `log` ADD `epoch` integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `log` ADD `monotonic_ms` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `log` ADD `boot_id` text DEFAULT '-' NOT NULL;--> statement-breakpoint
ALTER TABLE `log` ADD `rows` text;--> statement-breakpoint
ALTER TABLE `log` ADD `hash` text;--> statement-breakpoint
CREATE INDEX `receipts_by_day` ON `receipts` (`at`);--> statement-breakpoint
CREATE INDEX `shifts_by_closing` ON `shifts` (`closed_at`) WHERE "shifts"."closed_at" is not null;--> statement-breakpoint
CREATE INDEX `validations_by_time` ON `validations` (`at`);--> statement-breakpoint
CREATE INDEX `stays_by_entry` ON `stays` (`entry_at`);