CREATE TABLE `drawer_moves` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`shift_id` text NOT NULL,
	`kind` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`shift_id`) REFERENCES `shifts`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "drawer_moves_positive" CHECK("drawer_moves"."amount_minor" > 0)
);
--> statement-breakpoint
CREATE INDEX `drawer_moves_by_shift` ON `drawer_moves` (`shift_id`);--> statement-breakpoint
CREATE TABLE `ledger` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`stay_id` text NOT NULL,
	`kind` text NOT NULL,
	`side` text NOT NULL,
	`amount_minor` integer NOT NULL,
	`currency` text NOT NULL,
	`method` text,
	`payment_id` text,
	`shift_id` text,
	`place` text NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`debtor` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`payment_id`) REFERENCES `payments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`shift_id`) REFERENCES `shifts`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "ledger_signs" CHECK(case "ledger"."kind" when 'charge' then "ledger"."amount_minor" >= 0 when 'change' then "ledger"."amount_minor" > 0 when 'refund' then "ledger"."amount_minor" > 0 when 'correction' then "ledger"."amount_minor" <> 0 else "ledger"."amount_minor" < 0 end)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ledger_by_id` ON `ledger` (`id`);--> statement-breakpoint
CREATE INDEX `ledger_by_stay` ON `ledger` (`stay_id`);--> statement-breakpoint
CREATE INDEX `ledger_by_time` ON `ledger` (`at`);--> statement-breakpoint
CREATE INDEX `ledger_by_shift` ON `ledger` (`shift_id`) WHERE "ledger"."shift_id" is not null;--> statement-breakpoint
CREATE INDEX `ledger_by_payment` ON `ledger` (`payment_id`) WHERE "ledger"."payment_id" is not null;--> statement-breakpoint
CREATE TABLE `money_acts` (
	`idempotency_key` text PRIMARY KEY NOT NULL,
	`act` text NOT NULL,
	`stay_id` text,
	`answer` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `receipts` (
	`number` integer PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`payment_id` text NOT NULL,
	`stay_id` text NOT NULL,
	`shift_id` text,
	`at` integer NOT NULL,
	`text` text NOT NULL,
	`hash` text NOT NULL,
	`key_id` integer NOT NULL,
	`signature` text NOT NULL,
	`token` text NOT NULL,
	FOREIGN KEY (`payment_id`) REFERENCES `payments`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`shift_id`) REFERENCES `shifts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `receipts_by_token` ON `receipts` (`token`);--> statement-breakpoint
CREATE INDEX `receipts_by_payment` ON `receipts` (`payment_id`);--> statement-breakpoint
CREATE INDEX `receipts_by_shift` ON `receipts` (`shift_id`) WHERE "receipts"."shift_id" is not null;--> statement-breakpoint
CREATE TABLE `shifts` (
	`id` text PRIMARY KEY NOT NULL,
	`attendant` text NOT NULL,
	`opened_at` integer NOT NULL,
	`opened_by_payment` integer NOT NULL,
	`float_minor` integer NOT NULL,
	`closed_at` integer,
	`counted_minor` integer,
	`expected_minor` integer,
	`note` text,
	`z_number` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `shifts_open` ON `shifts` (`attendant`) WHERE "shifts"."closed_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX `shifts_by_z` ON `shifts` (`z_number`);--> statement-breakpoint
CREATE INDEX `shifts_by_time` ON `shifts` (`opened_at`);--> statement-breakpoint
CREATE TABLE `spent_codes` (
	`code` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`place` text NOT NULL,
	`stay_id` text
);
--> statement-breakpoint
CREATE TABLE `stay_amendments` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`stay_id` text NOT NULL,
	`what` text NOT NULL,
	`before` text NOT NULL,
	`after` text NOT NULL,
	`actor` text NOT NULL,
	`reason` text NOT NULL,
	`shift_id` text,
	`at` integer NOT NULL,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`shift_id`) REFERENCES `shifts`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `stay_amendments_by_stay` ON `stay_amendments` (`stay_id`);--> statement-breakpoint
CREATE INDEX `stay_amendments_by_shift` ON `stay_amendments` (`shift_id`) WHERE "stay_amendments"."shift_id" is not null;--> statement-breakpoint
CREATE TABLE `tariffs` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`tariff_id` text NOT NULL,
	`version` integer NOT NULL,
	`from_at` integer NOT NULL,
	`document` text NOT NULL,
	`taken_at` integer NOT NULL,
	`source` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tariffs_once` ON `tariffs` (`tariff_id`,`version`);--> statement-breakpoint
CREATE INDEX `tariffs_by_time` ON `tariffs` (`from_at`);--> statement-breakpoint
CREATE TABLE `validations` (
	`id` text PRIMARY KEY NOT NULL,
	`stay_id` text NOT NULL,
	`merchant` text NOT NULL,
	`name` text NOT NULL,
	`value` text NOT NULL,
	`serial` text,
	`actor` text NOT NULL,
	`at` integer NOT NULL,
	FOREIGN KEY (`stay_id`) REFERENCES `stays`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `validations_by_stay` ON `validations` (`stay_id`);--> statement-breakpoint
CREATE INDEX `validations_by_merchant` ON `validations` (`merchant`,`at`);--> statement-breakpoint
ALTER TABLE `agent_state` ADD `remote_cursor` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `payments` ADD `shift_id` text REFERENCES shifts(id);--> statement-breakpoint
ALTER TABLE `payments` ADD `reference` text;--> statement-breakpoint
ALTER TABLE `payments` ADD `tendered_minor` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `payments_by_shift` ON `payments` (`shift_id`) WHERE "payments"."shift_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `payments_by_bank` ON `payments` (`reference`,`method`) WHERE "payments"."reference" is not null and "payments"."method" in ('upi', 'online');--> statement-breakpoint
ALTER TABLE `rights` ADD `pass` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `vehicle_type` text DEFAULT 'car' NOT NULL;--> statement-breakpoint
ALTER TABLE `stays` ADD `ev` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `stays` ADD `accessible` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `stays` ADD `tariff_id` text;--> statement-breakpoint
ALTER TABLE `stays` ADD `tariff_version` integer;--> statement-breakpoint
ALTER TABLE `stays` ADD `occupancy_percent` integer;--> statement-breakpoint
ALTER TABLE `stays` ADD `lost_ticket` text DEFAULT 'no' NOT NULL;--> statement-breakpoint
ALTER TABLE `stays` ADD `pass_minutes` integer;--> statement-breakpoint
ALTER TABLE `stays` ADD `balance_minor` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `stays` ADD `settled_at` integer;--> statement-breakpoint
CREATE INDEX `stays_by_plate` ON `stays` (`plate`) WHERE "stays"."plate" is not null;--> statement-breakpoint
CREATE INDEX `stays_unbalanced` ON `stays` (`balance_minor`) WHERE "stays"."balance_minor" <> 0;--> statement-breakpoint
CREATE INDEX `stays_by_pass` ON `stays` (`right_id`,`exit_at`) WHERE "stays"."pass_minutes" > 0;--> statement-breakpoint
ALTER TABLE `tickets` ADD `replaced_by` text;--> statement-breakpoint
ALTER TABLE `vends` ADD `shift_id` text;--> statement-breakpoint
CREATE INDEX `vends_by_time` ON `vends` (`at`);--> statement-breakpoint
CREATE INDEX `vends_by_shift` ON `vends` (`shift_id`) WHERE "vends"."shift_id" is not null;--> statement-breakpoint
CREATE INDEX `movements_by_lane` ON `movements` (`lane`,`at`);--> statement-breakpoint
CREATE INDEX `movements_out_unknown` ON `movements` (`at`) WHERE "movements"."stay_id" is null and "movements"."direction" = 'out' and "movements"."scope" = 'facility';
--> statement-breakpoint
-- What a stay owes is the sum of its entries.
CREATE TRIGGER `ledger_balance` AFTER INSERT ON `ledger` BEGIN
	UPDATE `stays` SET `balance_minor` = `balance_minor` + NEW.`amount_minor` WHERE `id` = NEW.`stay_id`;
END;
--> statement-breakpoint
UPDATE `payments` SET `tendered_minor` = `amount_minor` + `change_minor`;--> statement-breakpoint
INSERT INTO `money_acts`("idempotency_key", "act", "stay_id", "answer", "at") SELECT "idempotency_key", 'payment', "stay_id", json_object('paymentId', "id", 'changeMinor', "change_minor", 'receiptNumber', null, 'token', null), "at" FROM `payments`;--> statement-breakpoint
-- Stays of before were charged their fee when they left; where there is none, what was paid is all that is known.
INSERT INTO `ledger`("id", "stay_id", "kind", "side", "amount_minor", "currency", "place", "actor", "reason", "at") SELECT substr(printf('%012x', "at"), 1, 8) || '-' || substr(printf('%012x', "at"), 9) || '-7' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))), "stay_id", 'charge', 'charged', "minor", "currency", "place", 'upgrade', 'before the ledger', "at" FROM (SELECT s."id" AS "stay_id", coalesce(s."fee_minor", sum(p."amount_minor")) AS "minor", coalesce(min(p."currency"), (SELECT "currency" FROM `payments` LIMIT 1), 'XXX') AS "currency", s."entry_lane" AS "place", coalesce(s."exit_at", max(p."at"), s."entry_at") AS "at" FROM `stays` s LEFT JOIN `payments` p ON p."stay_id" = s."id" GROUP BY s."id") WHERE "minor" > 0 ORDER BY "at", "stay_id";--> statement-breakpoint
INSERT INTO `ledger`("id", "stay_id", "kind", "side", "amount_minor", "currency", "method", "payment_id", "place", "actor", "reason", "at") SELECT substr(printf('%012x', "at"), 1, 8) || '-' || substr(printf('%012x', "at"), 9) || '-7' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))), "stay_id", 'payment', 'credited', -"tendered_minor", "currency", "method", "id", "lane", "actor", '', "at" FROM `payments` WHERE "tendered_minor" > 0 ORDER BY "at", "id";--> statement-breakpoint
INSERT INTO `ledger`("id", "stay_id", "kind", "side", "amount_minor", "currency", "method", "payment_id", "place", "actor", "reason", "at") SELECT substr(printf('%012x', "at"), 1, 8) || '-' || substr(printf('%012x', "at"), 9) || '-7' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6))), "stay_id", 'change', 'credited', "change_minor", "currency", "method", "id", "lane", "actor", '', "at" FROM `payments` WHERE "change_minor" > 0 ORDER BY "at", "id";--> statement-breakpoint
UPDATE `stays` SET `settled_at` = (SELECT max("at") FROM `payments` WHERE "stay_id" = `stays`."id") WHERE `balance_minor` <= 0;--> statement-breakpoint
CREATE TRIGGER `ledger_no_update` BEFORE UPDATE ON `ledger` BEGIN
	SELECT raise(ABORT, 'ledger is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `ledger_no_delete` BEFORE DELETE ON `ledger` BEGIN
	SELECT raise(ABORT, 'ledger is append-only');
END;
--> statement-breakpoint
-- INSERT OR REPLACE deletes without a trigger for it.
CREATE TRIGGER `ledger_no_replace` BEFORE INSERT ON `ledger` WHEN EXISTS (SELECT 1 FROM `ledger` WHERE `id` = NEW.`id` OR `seq` = NEW.`seq`) BEGIN
	SELECT raise(ABORT, 'UNIQUE: rows of ledger are never replaced');
END;
--> statement-breakpoint
CREATE TRIGGER `payments_no_update` BEFORE UPDATE ON `payments` BEGIN
	SELECT raise(ABORT, 'payments is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `payments_no_delete` BEFORE DELETE ON `payments` BEGIN
	SELECT raise(ABORT, 'payments is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `payments_no_replace` BEFORE INSERT ON `payments` WHEN EXISTS (SELECT 1 FROM `payments` WHERE `id` = NEW.`id` OR `idempotency_key` = NEW.`idempotency_key` OR (`reference` = NEW.`reference` AND `method` = NEW.`method` AND `reference` IS NOT NULL AND `method` IN ('upi', 'online'))) BEGIN
	SELECT raise(ABORT, 'UNIQUE: rows of payments are never replaced');
END;
--> statement-breakpoint
CREATE TRIGGER `receipts_no_update` BEFORE UPDATE ON `receipts` BEGIN
	SELECT raise(ABORT, 'receipts is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `receipts_no_delete` BEFORE DELETE ON `receipts` BEGIN
	SELECT raise(ABORT, 'receipts is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `receipts_no_replace` BEFORE INSERT ON `receipts` WHEN EXISTS (SELECT 1 FROM `receipts` WHERE `number` = NEW.`number` OR `token` = NEW.`token`) BEGIN
	SELECT raise(ABORT, 'UNIQUE: rows of receipts are never replaced');
END;
--> statement-breakpoint
CREATE TRIGGER `drawer_moves_no_update` BEFORE UPDATE ON `drawer_moves` BEGIN
	SELECT raise(ABORT, 'drawer_moves is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `drawer_moves_no_delete` BEFORE DELETE ON `drawer_moves` BEGIN
	SELECT raise(ABORT, 'drawer_moves is append-only');
END;
--> statement-breakpoint
CREATE TRIGGER `drawer_moves_no_replace` BEFORE INSERT ON `drawer_moves` WHEN EXISTS (SELECT 1 FROM `drawer_moves` WHERE `id` = NEW.`id`) BEGIN
	SELECT raise(ABORT, 'UNIQUE: rows of drawer_moves are never replaced');
END;
