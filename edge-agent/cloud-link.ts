import { createShortageWatch } from "./capacity/shortage-watch.ts";
import { createDown } from "./cloud-down.ts";
import type { EdgeConfig } from "./config/load.ts";
import { onIdentityChange, readIdentity } from "./enrolment/identity-file.ts";
import { facilityAlarm, sharedBy, whileDetail, type CloudLinkOptions } from "./link-parts.ts";
import type { ManifestView } from "./manifest/manifest-runner.ts";
import type { Store } from "./store/store.ts";
import { cloudCredentialOf } from "./sync/cloud-credential.ts";
import { askCloud, putToCloud, type CloudAddress } from "./sync/cloud-request.ts";
import { createCloudTime } from "./sync/cloud-time.ts";
import type { CredentialState } from "./sync/credential.ts";
import { createEquality, type Equality } from "./sync/equality.ts";
import { createPictureSending } from "./sync/pictures.ts";
import { createRestore } from "./sync/restore.ts";
import { createUplink, type Uplink, type UplinkStatus } from "./sync/uplink.ts";

export type CloudLinkStatus = UplinkStatus & {
  readonly credential: CredentialState;
  readonly manifest: ManifestView;
};

/** All that goes between the gate and the cloud. Nothing at the gate waits for any of it. */
export type CloudLink = {
  /** Something was written to the log: send it soon. */
  readonly poke: () => void;
  /** Something changed that headquarters sees beside the log. */
  readonly changed: () => void;
  readonly status: () => CloudLinkStatus;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

/** Joins the parts of the link; nothing runs yet. @returns null where no cloud is configured. */
export function createCloudLink(options: CloudLinkOptions): CloudLink | null {
  const { config, clock, log, store, reach } = options;
  if (config.cloud === undefined) return null;
  const cloud = { url: config.cloud.url, ...reachOf(reach) };
  const fenced = facilityAlarm(options, "cloud_fenced");
  const credential = cloudCredentialOf(config, {
    cloud,
    clock,
    note: log,
  });
  if (credential === null) return null;
  const address: CloudAddress = { ...cloud, credential };
  trustEnrolment(config, store);
  const cloudTime = createCloudTime(clock);
  const uplink = createUplink({
    ...sharedBy(options, address),
    log: store,
    restoring: createRestore({
      ...sharedBy(options, address),
      log: store,
      alarm: facilityAlarm(options, "restored"),
    }),
    taken: () => ({
      downlink: store.downlinkPlace().seq,
      manifest: store.manifestInForce()?.version ?? 0,
    }),
    cloudTime,
    alarm: fenced,
    agreed: () => {
      down.take();
      equality.agreed();
    },
  });
  const down = createDown(options, { address, cloudTime, uplink, asked: () => equality.asked() });
  const equality = equalityOf(options, address, uplink);
  const pictures = picturesOf(options, address, uplink);
  const shortages = createShortageWatch({
    ...options,
    ...(reach && { timers: reach.timers }),
    note: log,
    touched: uplink.poke,
  });
  let endWatch = (): void => undefined;
  return {
    poke: uplink.poke,
    changed: down.changed,
    status: () => ({
      ...uplink.status(),
      credential: credential.state(),
      manifest: down.manifest(clock.wallMs()),
    }),
    start: () => {
      // Whoever has a token needs no identity: enrolling changes nothing for it.
      if (config.cloud?.token_file === undefined)
        endWatch = onIdentityChange(config.data_dir, uplink.retryNow);
      uplink.start();
      down.start();
      equality.start();
      shortages.start();
      pictures.start();
    },
    stop: async () => {
      endWatch();
      shortages.stop();
      await Promise.all([uplink.stop(), equality.stop(), pictures.stop(), down.stop()]);
    },
  };
}

/** What every part of the link is given of it. */
function reachOf(reach: CloudLinkOptions["reach"]) {
  if (reach === undefined) return {};
  const { fetch, timers, compress } = reach;
  return { fetch, timers, ...(compress && { compress }) };
}

function equalityOf(options: CloudLinkOptions, address: CloudAddress, uplink: Uplink): Equality {
  const { store } = options;
  return createEquality({
    ...sharedBy(options, address),
    books: store,
    head: store.logHead,
    acked: store.uploadCursor,
    ready: () => uplink.agreed() && uplink.status().connected,
    ask: (path, stopping, post) => askCloud(address, path, stopping, post),
    alarm: whileDetail(facilityAlarm(options, "books_differ")),
    written: uplink.poke,
  });
}

function picturesOf(options: CloudLinkOptions, address: CloudAddress, uplink: Uplink) {
  return createPictureSending({
    ...sharedBy(options, address),
    store: options.store,
    pathOf: options.pictures.pathOf,
    put: (chunk, stopping) => putToCloud(address, chunk, stopping),
    pending: () => uplink.status().pending,
  });
}

/** Whoever enrolled this gate said by which key it knows the cloud; what is pinned already stays. */
function trustEnrolment(config: EdgeConfig, store: Store): void {
  const identity = readIdentity(config.data_dir);
  if (!identity.ok || identity.value === null || store.linkState().signingKey !== null) return;
  store.setLinkState({ signingKey: identity.value.signing_key });
}
