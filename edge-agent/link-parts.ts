import { type Clock, readClock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type { AlarmKind } from "@parkme/shared/domain/alarm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import type { FacilityParts } from "./compose.ts";
import type { EdgeConfig } from "./config/load.ts";
import type { ManifestOptions } from "./manifest/manifest-runner.ts";
import type { Pictures } from "./store/pictures.ts";
import type { Store } from "./store/store.ts";
import type { CloudHttp } from "./sync/cloud-http.ts";
import type { CloudAddress } from "./sync/cloud-request.ts";
import type { LiveLink, LiveLinkOptions } from "./sync/live-link.ts";
import type { Compress } from "./sync/post-batch.ts";

/** What the parts of the link with the cloud have in common. */

export type CloudLinkOptions = {
  readonly config: EdgeConfig;
  readonly facility: Facility;
  readonly store: Store;
  readonly parts: FacilityParts;
  readonly pictures: Pick<Pictures, "pathOf">;
  readonly mint: IdMint;
  /** Names this run of the program, as in the log. */
  readonly bootId: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: {
    readonly info: (fields: object, message: string) => void;
    readonly warn: (fields: object, message: string) => void;
    readonly error: (fields: object, message: string) => void;
  };
  /** What an attendant is shown, as it is now. */
  readonly snapshot: () => KioskSnapshot;
  /** Something changed that an attendant sees. */
  readonly touched: () => void;
  /** At the start, and after every manifest: what follows from it outside of the store. */
  readonly manifestApplied: ManifestOptions["applied"];
  /** In place of the network, for a simulation. */
  readonly reach?: CloudReach;
};

/** How the cloud is reached, and by whose clock is waited for it. */
export type CloudReach = Required<Pick<CloudHttp, "fetch" | "timers">> & {
  readonly createLiveLink: (options: LiveLinkOptions) => LiveLink;
  readonly compress?: Compress;
};

/** What every part of the link is given. */
export function sharedBy({ bootId, version, clock, log }: CloudLinkOptions, address: CloudAddress) {
  return { ...address, bootId, version, clock, note: log, random: Math.random };
}

/** A lasting alarm of the facility as a whole. To begin it twice, or to end it when it is over, changes nothing. */
export function facilityAlarm(
  { store, facility, clock, touched }: Pick<CloudLinkOptions, "store" | "facility" | "clock" | "touched">,
  kind: AlarmKind,
) {
  const tell = (record: Extract<GateRecord, { type: "alarm" | "alarm_over" }>): void => {
    store.record({ place: facility.slug, records: [record] }, readClock(clock));
    touched();
  };
  return {
    begin: (detail: string) => tell({ type: "alarm", kind, detail }),
    over: () => tell({ type: "alarm_over", kind }),
  };
}

export function whileDetail({
  begin,
  over,
}: ReturnType<typeof facilityAlarm>): (detail: string | null) => void {
  return (detail) => (detail === null ? over() : begin(detail));
}
