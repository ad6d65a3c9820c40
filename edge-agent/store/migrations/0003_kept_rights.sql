ALTER TABLE `rights` ADD `reserved_from` integer;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_from` integer;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_until` integer;--> statement-breakpoint
ALTER TABLE `stays` ADD `right_pass` text;