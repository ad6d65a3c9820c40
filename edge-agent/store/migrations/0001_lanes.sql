CREATE TABLE `attempt_steps` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`attempt_id` text NOT NULL,
	`status` text NOT NULL,
	`receipt` text,
	`detail` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`attempt_id`) REFERENCES `payment_attempts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `attempt_steps_by_attempt` ON `attempt_steps` (`attempt_id`);--> statement-breakpoint
CREATE TABLE `count_corrections` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`zone` text,
	`before` integer NOT NULL,
	`after` integer NOT NULL,
	`cause` text NOT NULL,
	`actor` text,
	`reason` text NOT NULL,
	`at` integer NOT NULL,
	`idempotency_key` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `count_corrections_once` ON `count_corrections` (`idempotency_key`);--> statement-breakpoint
CREATE TABLE `holds` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`lane` text NOT NULL,
	`on` integer NOT NULL,
	`cause` text NOT NULL,
	`actor` text,
	`reason` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `listed_plates` (
	`list_id` integer NOT NULL,
	`plate` text NOT NULL,
	`kind` text NOT NULL,
	`reason` text NOT NULL,
	PRIMARY KEY(`list_id`, `plate`, `kind`)
);
--> statement-breakpoint
CREATE TABLE `lists` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`version` text NOT NULL,
	`as_of` integer NOT NULL,
	`imported_at` integer NOT NULL,
	`permits` integer NOT NULL,
	`reservations` integer NOT NULL,
	`blocked` integer NOT NULL,
	`watched` integer NOT NULL,
	`longest_hold_ms` integer NOT NULL,
	`complete` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `modes` (
	`scope` text NOT NULL,
	`name` text NOT NULL,
	`mode` text NOT NULL,
	`actor` text,
	`reason` text NOT NULL,
	`since` integer NOT NULL,
	PRIMARY KEY(`scope`, `name`)
);
--> statement-breakpoint
CREATE TABLE `passback_resets` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`stays` integer NOT NULL,
	`at` integer NOT NULL,
	`idempotency_key` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `passback_resets_once` ON `passback_resets` (`idempotency_key`);--> statement-breakpoint
CREATE TABLE `payment_attempts` (
	`id` text PRIMARY KEY NOT NULL,
	`stay_id` text NOT NULL,
	`lane` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`receipt` text,
	`begun_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `payment_attempts_unsettled` ON `payment_attempts` (`lane`) WHERE "payment_attempts"."status" in ('begun', 'unknown', 'reversing');--> statement-breakpoint
CREATE TABLE `right_keys` (
	`list_id` integer NOT NULL,
	`medium` text NOT NULL,
	`text` text NOT NULL,
	`kind` text NOT NULL,
	`right_id` text NOT NULL,
	PRIMARY KEY(`list_id`, `text`, `medium`, `kind`, `right_id`)
);
--> statement-breakpoint
CREATE TABLE `rights` (
	`list_id` integer NOT NULL,
	`kind` text NOT NULL,
	`id` text NOT NULL,
	`account` text,
	`valid_from` integer NOT NULL,
	`valid_until` integer NOT NULL,
	`spaces` integer,
	`zone` text,
	PRIMARY KEY(`list_id`, `kind`, `id`)
);
--> statement-breakpoint
CREATE INDEX `rights_reserved` ON `rights` (`list_id`,`valid_from`) WHERE "rights"."kind" = 'reservation';--> statement-breakpoint
CREATE TABLE `schedules` (
	`key` text PRIMARY KEY NOT NULL,
	`last_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `ticket_prints` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`job_id` text NOT NULL,
	`stay_id` text NOT NULL,
	`lane` text NOT NULL,
	`step` text NOT NULL,
	`detail` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `ticket_prints_by_stay` ON `ticket_prints` (`stay_id`);--> statement-breakpoint
CREATE TABLE `zone_counts` (
	`zone` text PRIMARY KEY NOT NULL,
	`inside` integer NOT NULL
);
--> statement-breakpoint
PRAGMA foreign_keys=OFF;--> statement-breakpoint
CREATE TABLE `__new_alarms` (
	`id` text PRIMARY KEY NOT NULL,
	`lane` text NOT NULL,
	`kind` text NOT NULL,
	`detail` text NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`acknowledged_at` integer,
	`acknowledged_by` text
);
--> statement-breakpoint
-- The alarms of before had no id of their own and no end, and nobody could acknowledge them: they are over.
INSERT INTO `__new_alarms`("id", "lane", "kind", "detail", "started_at", "ended_at", "acknowledged_at", "acknowledged_by") SELECT substr(printf('%012x', "at"), 1, 8) || '-' || substr(printf('%012x', "at"), 9) || '-7' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))), "lane", "kind", "detail", "at", "at", "at", 'upgrade' FROM `alarms` ORDER BY "id";--> statement-breakpoint
DROP TABLE `alarms`;--> statement-breakpoint
ALTER TABLE `__new_alarms` RENAME TO `alarms`;--> statement-breakpoint
PRAGMA foreign_keys=ON;--> statement-breakpoint
CREATE UNIQUE INDEX `alarms_lasting` ON `alarms` (`lane`,`kind`) WHERE "alarms"."ended_at" is null;--> statement-breakpoint
CREATE INDEX `alarms_waiting` ON `alarms` (`started_at`) WHERE "alarms"."acknowledged_at" is null;--> statement-breakpoint
CREATE INDEX `alarms_by_time` ON `alarms` (`started_at`);--> statement-breakpoint
ALTER TABLE `lanes` ADD `direction` text;--> statement-breakpoint
ALTER TABLE `lanes` ADD `turned_at` integer;--> statement-breakpoint
ALTER TABLE `movements` ADD `scope` text DEFAULT 'facility' NOT NULL;--> statement-breakpoint
ALTER TABLE `movements` ADD `zones` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_kind` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_id` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_account` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_zone` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `credential_kind` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `credential` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `zone` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `neutral` integer DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX `stays_inside_by_credential` ON `stays` (`credential`) WHERE "stays"."status" in ('provisional', 'open') and "stays"."credential" is not null;--> statement-breakpoint
CREATE INDEX `stays_inside_by_right` ON `stays` (`right_id`,`right_kind`) WHERE "stays"."status" in ('provisional', 'open') and "stays"."right_id" is not null;--> statement-breakpoint
CREATE INDEX `stays_inside_by_account` ON `stays` (`right_account`) WHERE "stays"."status" in ('provisional', 'open') and "stays"."right_account" is not null;--> statement-breakpoint
CREATE INDEX `stays_inside_by_quota` ON `stays` (`right_zone`) WHERE "stays"."status" in ('provisional', 'open') and "stays"."right_zone" is not null;--> statement-breakpoint
CREATE INDEX `stays_by_reservation` ON `stays` (`right_id`) WHERE "stays"."right_kind" = 'reservation';