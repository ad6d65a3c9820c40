-- Batches come compressed: PostgreSQL need not try again. What drizzle has no words for.
ALTER TABLE "edge_batches" ALTER COLUMN "body" SET STORAGE EXTERNAL;
