import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Clock, readClock } from "@parkme/shared/domain/clock";
import type { AlarmKind } from "@parkme/shared/domain/alarm";
import type { Facility } from "@parkme/shared/domain/facility";
import { createIdMint, type IdMint } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { facilityOf, rightsPolicyOf } from "./config/facility-section.ts";
import type { EdgeConfig } from "./config/load.ts";
import { receiptsOf } from "./desk/issuing.ts";
import { withZoneQuotas } from "./manifest/zone-quotas.ts";
import { openDatabase } from "./store/open.ts";
import { createPictures, type Pictures } from "./store/pictures.ts";
import { createStore, type Store } from "./store/store.ts";
import { noticeRestore, openHighWater } from "./sync/high-water.ts";
import { type Keyring, openKeyringAnyway } from "./tickets/keyring.ts";

/** What survives a restart, and the ids that go into it. */
export type Memory = {
  readonly facility: Facility;
  readonly mint: IdMint;
  readonly store: Store;
  readonly pictures: Pictures;
  readonly keyring: Keyring;
  /** Names this run of the program, in the log and to the cloud. */
  readonly bootId: string;
  readonly close: () => void;
};

export type MemoryOptions = {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly log: {
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
  readonly migrationsFolder: string;
  /** In place of the real ones, for a simulation. */
  readonly openDatabase?: typeof openDatabase;
  readonly mint?: IdMint;
  readonly bootId?: string;
};

export function openMemory(options: MemoryOptions): Result<Memory, Refusal> {
  const { config, clock, log, migrationsFolder, openDatabase: open = openDatabase } = options;
  const images = makeFolder(join(config.data_dir, "images"));
  if (!images.ok) return images;
  const keys = makeFolder(join(config.data_dir, "keys"));
  if (!keys.ok) return keys;
  const opening = openKeyringAnyway(keys.value, clock.wallMs(), (message) =>
    log.error({ reason: message }, "ticket keys"),
  );
  if (!opening.ok) return opening;
  const { keyring, setAside } = opening.value;
  const databasePath = join(config.data_dir, "gate.db");
  const opened = open({ path: databasePath, migrationsFolder });
  if (!opened.ok) return opened;
  const { mint = createIdMint((length) => randomBytes(length)), bootId = randomUUID() } = options;
  const plain = facilityOf(config.facility);
  const highWater = openHighWater(join(config.data_dir, "high-water.json"), log);
  // Before anything is written, which would be noted over it.
  const mark = highWater.read();
  const store = createStore(opened.value, {
    startedAtMs: clock.wallMs(),
    currency: plain.currency,
    mint,
    zones: plain.zones,
    capacity: plain.capacity,
    receipts: receiptsOf(config, plain, keyring),
    rights: rightsPolicyOf(config.facility),
    pictures: config.cloud !== undefined,
    bootId,
    monotonicMs: clock.monotonicMs,
    committed: highWater.write,
  });
  const facility = withZoneQuotas(plain, (zone) => store.manifestEntry("zones", zone)?.body.capacity ?? null);
  const alarm = (kind: AlarmKind, detail: string): void => {
    const records = [{ type: "alarm", kind, detail } as const];
    store.record({ place: facility.slug, records }, readClock(clock));
  };
  if (noticeRestore(mark, store)) {
    const detail = "The database was restored from a backup: what it lacks is fetched from the cloud";
    log.warn({ path: databasePath }, detail);
    alarm("restored", detail);
  }
  if (setAside.length > 0) {
    const names = setAside.join(", ");
    alarm(
      "code_refused",
      `Damaged ticket keys were set aside: ${names}. What they signed is keyed in by its number`,
    );
  }
  const close = (): void => {
    store.close();
    highWater.close();
  };
  const pictures = createPictures(images.value, mint);
  return ok({ facility, mint, store, pictures, keyring, bootId, close });
}

function makeFolder(path: string): Result<string, Refusal> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return ok(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(refusal("data_dir_unusable", "operator", `${path} cannot be made (${why}): set data_dir.`));
  }
}
