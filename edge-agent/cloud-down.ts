import { rightsItems } from "./capacity/rights-items.ts";
import { applyRemotePayment } from "./desk/remote.ts";
import { facilityAlarm, sharedBy, type CloudLinkOptions } from "./link-parts.ts";
import { createManifestRunner, type ManifestRunner, type ManifestView } from "./manifest/manifest-runner.ts";
import { createRemoteActs } from "./remote/acts.ts";
import { createRemoteCommands } from "./remote/commands.ts";
import { gateLookOf } from "./remote/gate-look.ts";
import { createSetAside } from "./remote/set-aside.ts";
import { placeAfter } from "./store/downlink-place.ts";
import { isStoreTrouble } from "./store/store-trouble.ts";
import { askCloud, fetchBytes, type CloudAddress } from "./sync/cloud-request.ts";
import type { CloudTime } from "./sync/cloud-time.ts";
import { createDownlink, type DownlinkHandlers } from "./sync/downlink.ts";
import { createLiveLink } from "./sync/live-link.ts";
import { createLiveState, type LiveStateSending } from "./sync/live-state.ts";
import type { Uplink } from "./sync/uplink.ts";

export type Down = {
  /** Both sides know where they are: whatever waits up there is taken, and the gate's state told. */
  readonly take: () => void;
  readonly changed: () => void;
  readonly manifest: (nowMs: number) => ManifestView;
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

export type DownParts = {
  readonly address: CloudAddress;
  readonly cloudTime: CloudTime;
  readonly uplink: Uplink;
  /** The cloud asks which rows of a day we have. */
  readonly asked: () => void;
};

/** What comes down: settings, commands, money paid elsewhere, rights to spaces; and what is told beside the log. */
export function createDown(options: CloudLinkOptions, parts: DownParts): Down {
  const { store } = options;
  const { address, cloudTime, uplink } = parts;
  const ready = (): boolean => uplink.agreed() && store.restoring.place() === null;
  const shared = { ...sharedBy(options, address), ready };
  const manifest = manifestOf(options, address, ready);
  const { createLiveLink: openLiveLink = createLiveLink } = options.reach ?? {};
  const liveLink = openLiveLink({
    ...shared,
    hint: (what) => (what === "manifest" ? manifest.poke() : downlink.poke()),
    opened: () => {
      liveState.now();
      downlink.poke();
    },
  });
  const liveState = createLiveState({
    ...shared,
    look: () => {
      const { pending: waiting } = uplink.status();
      return gateLookOf(options.snapshot(), { waiting, manifest: store.manifestInForce()?.version ?? 0 });
    },
    link: liveLink,
    post: (state, stopping) => askCloud(address, "/api/edge/state", stopping, state),
  });
  const commands = commandsOf(options, cloudTime, liveState);
  const downlink = createDownlink({
    ...shared,
    ask: (path, stopping) => askCloud(address, path, stopping),
    place: store.downlinkPlace,
    setPlace: store.setDownlinkPlace,
    placeAfter,
    isStoreTrouble,
    cloudTime,
    hinted: liveLink.connected,
    manifest: manifest.newest,
    setAside: createSetAside(options),
    handlers: handlersOf(options, parts, { command: commands.take, newest: manifest.newest }),
  });
  return {
    take: () => {
      downlink.poke();
      manifest.poke();
      liveState.now();
    },
    changed: liveState.changed,
    manifest: manifest.view,
    start: () => {
      // What an earlier run left open is answered before anything new is taken.
      commands.start();
      manifest.start();
      liveLink.start();
      liveState.start();
      downlink.start();
    },
    stop: async () => {
      await Promise.all([downlink.stop(), manifest.stop(), liveState.stop(), liveLink.stop()]);
      await commands.stop();
    },
  };
}

function manifestOf(options: CloudLinkOptions, address: CloudAddress, ready: () => boolean): ManifestRunner {
  const { store, facility } = options;
  return createManifestRunner({
    ...sharedBy(options, address),
    ready,
    store,
    facilityId: facility.id,
    place: facility,
    ask: (path, stopping, maxBytes) => fetchBytes(address, path, stopping, maxBytes),
    applied: options.manifestApplied,
    alarm: facilityAlarm(options, "manifest_refused"),
  });
}

function commandsOf(options: CloudLinkOptions, cloudTime: CloudTime, liveState: LiveStateSending) {
  const { gate, paper } = options.parts;
  return createRemoteCommands({
    ...options,
    ...(options.reach && { timers: options.reach.timers }),
    lanes: gate.lanes,
    cloudNowMs: cloudTime.nowMs,
    act: createRemoteActs({ gate, store: options.store, paper, tellState: liveState.now }),
  });
}

function handlersOf(
  { store, clock, parts, touched }: CloudLinkOptions,
  { cloudTime, uplink, asked }: DownParts,
  { command, newest }: { command: DownlinkHandlers["command"]; newest: ManifestRunner["newest"] },
): DownlinkHandlers {
  return {
    payment: (payment) => {
      applyRemotePayment(parts.desk, payment);
      touched();
    },
    command,
    ...rightsItems({ store, clock, cloudNowMs: cloudTime.nowMs, touched: uplink.poke }),
    equality_drill: asked,
    manifest: ({ version }) => newest(version),
  };
}
