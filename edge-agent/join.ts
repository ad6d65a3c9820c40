import type { Clock } from "@parkme/shared/domain/clock";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { createCloudLink, type CloudLink } from "./cloud-link.ts";
import { composeFacility, type FacilityOptions, type FacilityParts } from "./compose.ts";
import type { EdgeConfig } from "./config/load.ts";
import type { DeviceContext } from "./devices/context.ts";
import { takeSnapshot } from "./kiosk/snapshot.ts";
import type { CloudLinkOptions } from "./link-parts.ts";
import { createKeyTelling } from "./manifest/own-keys.ts";
import { trustManifestKeys } from "./manifest/ticket-keys.ts";
import type { Memory } from "./memory.ts";
import { createUpkeep, type UpkeepOptions } from "./upkeep.ts";
import { VERSION } from "./version.ts";

export type JoinOptions = {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly log: FacilityOptions["log"] & UpkeepOptions["log"] & DeviceContext["log"];
  readonly devices: Pick<DeviceContext, "bus" | "lines" | "count">;
  /** After every change of a lane, when it is on the disk. */
  readonly recorded: (lane: string, records: readonly GateRecord[]) => void;
  /** After every change at all that an attendant sees. */
  readonly touched: () => void;
} & Pick<FacilityOptions, "makers"> &
  Pick<CloudLinkOptions, "reach"> &
  Pick<UpkeepOptions, "disk">;

/** One facility's gate with all that works for it; people and their pages are not part of it. */
export type JoinedGate = {
  readonly parts: FacilityParts;
  /** Null where no cloud is configured. */
  readonly link: CloudLink | null;
  readonly upkeep: ReturnType<typeof createUpkeep>;
  readonly snapshot: () => KioskSnapshot;
  readonly touched: () => void;
  readonly start: () => Promise<void>;
};

/** Joins gate, desk and pay stations with the cloud and the upkeep of the disk; nothing runs yet. */
export function joinGate(options: JoinOptions, memory: Memory): JoinedGate {
  const { config, clock, log, recorded } = options;
  const { facility, store } = memory;
  const tellKey = config.cloud === undefined ? () => undefined : createKeyTelling(memory.keyring, store);
  const touched = (): void => {
    link?.poke();
    link?.changed();
    options.touched();
  };
  const parts = composeFacility({
    ...options,
    ...memory,
    devices: {
      ...options.devices,
      secret: config.secret,
      facility: facility.slug,
      epoch: store.epoch,
      clock,
      log,
    },
    touched,
    keyMade: () => tellKey(clock.wallMs()),
    changed: (lane, records) => {
      recorded(lane, records);
      if (records.length > 0) link?.poke();
      link?.changed();
      options.touched();
    },
  });
  const { gate } = parts;
  const snapshot = () => takeSnapshot({ facility, gate, store, link: () => link?.status() ?? null, clock });
  const link: CloudLink | null = createCloudLink({
    ...options,
    ...memory,
    version: VERSION,
    parts,
    snapshot,
    touched,
    manifestApplied: () => {
      parts.tariffs.reload();
      trustKeys(options, memory);
      tellKey(clock.wallMs());
      touched();
    },
  });
  const upkeep = createUpkeep({ ...options, ...memory, touched });
  return {
    parts,
    link,
    upkeep,
    snapshot,
    touched,
    start: async () => {
      await parts.start();
      link?.start();
      upkeep.start();
    },
  };
}

/** Other signers of this facility's tickets, and keys that it had before. */
function trustKeys({ clock, log }: JoinOptions, { store, keyring }: Memory): void {
  const wanted = store.manifestSection("ticket_keys").map(({ body }) => body);
  for (const problem of trustManifestKeys(keyring, wanted, clock.wallMs()))
    log.warn({ problem }, "a key of the manifest is not trusted");
}
