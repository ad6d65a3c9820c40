CREATE TABLE `agent_state` (
	`id` integer PRIMARY KEY NOT NULL,
	`epoch` integer NOT NULL,
	`inside` integer NOT NULL,
	`upload_cursor` integer NOT NULL,
	CONSTRAINT "agent_state_single" CHECK("agent_state"."id" = 1)
);
--> statement-breakpoint
CREATE TABLE `alarms` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`lane` text NOT NULL,
	`kind` text NOT NULL,
	`detail` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `commands` (
	`id` text PRIMARY KEY NOT NULL,
	`lane` text NOT NULL,
	`action` text NOT NULL,
	`epoch` integer NOT NULL,
	`issued_at` integer NOT NULL,
	`outcome` text
);
--> statement-breakpoint
CREATE TABLE `lanes` (
	`lane` text PRIMARY KEY NOT NULL,
	`state` text NOT NULL,
	`credit` text,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `log` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`event_id` text NOT NULL,
	`kind` text NOT NULL,
	`schema_version` integer NOT NULL,
	`wall_at` integer NOT NULL,
	`payload` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `movements` (
	`id` text PRIMARY KEY NOT NULL,
	`lane` text NOT NULL,
	`direction` text NOT NULL,
	`kind` text NOT NULL,
	`stay_id` text,
	`plate` text,
	`at` integer NOT NULL,
	`review` text,
	`fee_minor` integer,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `movements_by_time` ON `movements` (`at`);--> statement-breakpoint
CREATE TABLE `payments` (
	`id` text PRIMARY KEY NOT NULL,
	`stay_id` text NOT NULL,
	`lane` text NOT NULL,
	`method` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`change_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`actor` text NOT NULL,
	`at` integer NOT NULL,
	`idempotency_key` text NOT NULL,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "payments_positive" CHECK("payments"."amount_minor" >= 0 and "payments"."change_minor" >= 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_once` ON `payments` (`idempotency_key`);--> statement-breakpoint
CREATE INDEX `payments_by_stay` ON `payments` (`stay_id`);--> statement-breakpoint
CREATE INDEX `payments_by_time` ON `payments` (`at`);--> statement-breakpoint
CREATE TABLE `plate_reads` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`lane` text NOT NULL,
	`camera` text NOT NULL,
	`source_id` text,
	`raw` text NOT NULL,
	`plate` text,
	`confidence` real,
	`claimed_at` integer,
	`received_at` integer NOT NULL,
	`image_id` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `plate_reads_once` ON `plate_reads` (`camera`,`source_id`);--> statement-breakpoint
CREATE INDEX `plate_reads_by_time` ON `plate_reads` (`received_at`);--> statement-breakpoint
CREATE TABLE `resets` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`lane` text NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `stays` (
	`id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`entry_lane` text NOT NULL,
	`plate` text,
	`plate_shape` text,
	`entry_at` integer NOT NULL,
	`exit_at` integer,
	`fee_minor` integer,
	`review` text
);
--> statement-breakpoint
CREATE INDEX `stays_inside_by_shape` ON `stays` (`plate_shape`) WHERE "stays"."status" in ('provisional', 'open');--> statement-breakpoint
CREATE INDEX `stays_by_status` ON `stays` (`status`,`review`);--> statement-breakpoint
CREATE TABLE `tickets` (
	`number` text PRIMARY KEY NOT NULL,
	`stay_id` text NOT NULL,
	`lane` text NOT NULL,
	`issued_at` integer NOT NULL,
	`voided_at` integer,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `tickets_by_stay` ON `tickets` (`stay_id`);--> statement-breakpoint
CREATE TABLE `vends` (
	`command_id` text PRIMARY KEY NOT NULL,
	`lane` text NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL,
	`idempotency_key` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `vends_once` ON `vends` (`idempotency_key`);