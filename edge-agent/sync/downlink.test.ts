import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_DOWNLINK_ITEMS, type DownlinkItem } from "@parkme/shared/protocol/downlink";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import { until } from "../devices/testing/until.ts";
import { placeAfter, type DownlinkPlace } from "../store/downlink-place.ts";
import { httpRequest, jsonOf } from "./cloud-http.ts";
import { createCloudTime } from "./cloud-time.ts";
import { createDownlink, type DownlinkHandlers } from "./downlink.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const START: DownlinkPlace = { seq: 0, hash: GENESIS_HASH };
const NOW = "2036-03-01T08:00:00.000Z";

const manifest = (seq: number): DownlinkItem => ({
  seq,
  kind: "manifest",
  body: JSON.stringify({ version: seq }),
});
const manifests = (from: number, to: number): DownlinkItem[] =>
  Array.from({ length: to - from + 1 }, (_, i) => manifest(from + i));

type Answer = { readonly status: number; readonly body: string };

/** A real server that keeps a chain of items as the cloud does; `garble` makes of an answer what the test wants. */
async function startCloud(first: readonly DownlinkItem[] = []) {
  const cloud = {
    items: [...first],
    asked: 0,
    garble: (answer: Answer, _asked: number): Answer | ((response: ServerResponse) => void) => answer,
  };
  const hashAt = (seq: number): string | null => {
    let place = START;
    for (const item of cloud.items) if (item.seq <= seq) place = placeAfter(place, item);
    return place.seq === seq ? place.hash : null;
  };
  function answer(url: URL): Answer {
    const [after, head] = [Number(url.searchParams.get("after")), url.searchParams.get("head")];
    if (hashAt(after) !== head) {
      const fork = { code: "downlink_fork", restart_after: 0, restart_hash: GENESIS_HASH };
      return { status: 409, body: JSON.stringify(fork) };
    }
    const items = cloud.items.filter(({ seq }) => seq > after).slice(0, MAX_DOWNLINK_ITEMS);
    return { status: 200, body: JSON.stringify({ items, manifest: 7, now: NOW }) };
  }
  const server = createServer((request, response) => {
    cloud.asked += 1;
    const url = new URL(request.url ?? "", "http://cloud");
    expect(url.pathname).toBe("/api/edge/downlink");
    const garbled = cloud.garble(answer(url), cloud.asked);
    if (typeof garbled === "function") return garbled(response);
    response.writeHead(garbled.status, { "content-type": "application/json" });
    response.end(garbled.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { cloud, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

class DiskFull extends Error {}

/** A gate that takes it; `take` is what it does with the version of a manifest. */
function startGate(url: string, take: (version: number) => "later" | void = () => undefined) {
  const gate = {
    place: START,
    ready: true,
    hinted: false,
    taken: [] as number[],
    aside: [] as string[],
    manifests: [] as number[],
    notes: [] as string[],
  };
  const clock = { monotonicMs: () => performance.now(), wallMs: () => 0 };
  const cloudTime = createCloudTime(clock);
  const nothing = () => undefined;
  const handlers: DownlinkHandlers = {
    payment: nothing,
    command: nothing,
    rights_transfer: nothing,
    rights_request: nothing,
    equality_drill: nothing,
    manifest: ({ version }) => {
      const said = take(version);
      if (said === undefined) gate.taken.push(version);
      return said;
    },
  };
  const note = ({ reason }: { reason?: string }, message: string) =>
    void gate.notes.push(reason === undefined ? message : `${message}: ${reason}`);
  const downlink = createDownlink({
    ask: async (path, stopping) => {
      const { status, bytes } = await httpRequest({ url, requestTimeoutMs: 500 }, { path }, stopping);
      return { status, body: jsonOf(bytes) };
    },
    place: () => gate.place,
    setPlace: (place) => {
      gate.place = place;
    },
    placeAfter,
    handlers,
    manifest: (version) => void gate.manifests.push(version),
    setAside: ({ seq }, problem) => void gate.aside.push(`${seq}: ${problem}`),
    isStoreTrouble: (error) => error instanceof DiskFull,
    ready: () => gate.ready,
    hinted: () => gate.hinted,
    cloudTime,
    clock,
    random: () => 0.5,
    // Five hundred times as fast as a real one.
    timers: {
      after: (ms, work) => {
        const timer = setTimeout(work, ms / 500);
        return () => clearTimeout(timer);
      },
    },
    note: { info: note, warn: note },
  });
  cleanups.push(downlink.stop);
  downlink.start();
  return { gate, downlink, cloudTime };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

describe("the downlink", () => {
  it("is taken in its order, page by page, and goes on where it was", async () => {
    const { cloud, url } = await startCloud(manifests(1, 250));
    const { gate, downlink, cloudTime } = startGate(url);
    await until(() => gate.place.seq === 250, "all of them to be taken");
    cloud.items.push(manifest(251));
    downlink.poke();
    await until(() => gate.place.seq === 251, "the next to be taken");
    expect(gate.taken).toEqual(upTo(251));
    expect(gate.notes).toEqual([]);
    expect(new Set(gate.manifests)).toEqual(new Set([7]));
    const now = cloudTime.nowMs() ?? 0;
    expect(now).toBeGreaterThanOrEqual(Date.parse(NOW));
    expect(now).toBeLessThan(Date.parse(NOW) + 60_000);
  });

  it("is asked for by itself where no hints come, and by a hint that comes while it is being asked for", async () => {
    const { cloud, url } = await startCloud();
    const { gate, downlink } = startGate(url);
    await until(() => cloud.asked > 2, "it to be asked for again");
    gate.hinted = true;
    let late = false;
    cloud.garble = (answer) => {
      if (!late) {
        late = true;
        cloud.items.push(manifest(1));
        downlink.poke();
      }
      return answer;
    };
    await until(() => gate.place.seq === 1, "what the hint was about");
  });

  it("is brought again from the item that the disk refused, or that cannot be taken yet", async () => {
    const { url } = await startCloud(manifests(1, 3));
    let [refusals, later] = [2, 2];
    const { gate } = startGate(url, (version) => {
      if (version === 2 && refusals-- > 0) throw new DiskFull("the disk is full");
      return version === 3 && later-- > 0 ? "later" : undefined;
    });
    await until(() => gate.place.seq === 3, "all of them to be taken");
    expect(gate.taken).toEqual([1, 2, 3]);
    expect(gate.aside).toEqual([]);
    expect(gate.notes).toEqual(["the downlink cannot be taken from the cloud: the disk is full"]);
  });

  it("goes on past items that say nothing, that are of an unknown kind, or that cannot be done", async () => {
    const { url } = await startCloud([
      { seq: 1, kind: "manifest", body: "not json" },
      { seq: 2, kind: "manifest", body: '{"version":"x"}' },
      { seq: 3, kind: "weather", body: "{}" },
      { seq: 4, kind: "toString", body: "{}" },
      { seq: 5, kind: "command", body: '{"act":"explode"}' },
      manifest(6),
      { seq: 7, kind: "payment", body: JSON.stringify({ payment_id: randomUUID(), amount_minor: -1 }) },
      manifest(8),
    ]);
    const { gate } = startGate(url, (version) => {
      if (version === 6) throw new TypeError("a bug of ours");
    });
    await until(() => gate.place.seq === 8, "the last to be taken");
    expect(gate.taken).toEqual([8]);
    expect(gate.aside).toEqual([
      "1: it cannot be read",
      "2: it cannot be read",
      "3: this agent does not know its kind",
      "4: this agent does not know its kind",
      "5: it cannot be read",
      "6: a bug of ours",
      "7: it cannot be read",
    ]);
  });

  it("of a cloud that was restored is taken again from where the cloud says", async () => {
    const { cloud, url } = await startCloud(manifests(1, 5));
    const { gate, downlink } = startGate(url);
    await until(() => gate.place.seq === 5, "all of them to be taken");
    // The cloud has lost two, and gone on with others above their numbers.
    cloud.items = [...manifests(1, 3), manifest(6), manifest(9)];
    downlink.poke();
    await until(() => gate.place.seq === 9, "the others to be taken");
    expect(gate.taken).toEqual([...upTo(5), 1, 2, 3, 6, 9]);
    expect(gate.notes).toEqual(["the cloud's downlink is another: it is taken again"]);
  });

  it("is not asked for before it may be, and not taken any more when it may not", async () => {
    const { cloud, url } = await startCloud(manifests(1, 10));
    const { gate } = startGate(url, (version) => {
      if (version === 4) gate.ready = false;
    });
    await until(() => gate.place.seq === 4, "the first to be taken");
    const { asked } = cloud;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([cloud.asked, gate.place.seq]).toEqual([asked, 4]);
    gate.ready = true;
    await until(() => gate.place.seq === 10, "the rest to be taken");
    expect(gate.taken).toEqual(upTo(10));
  });

  it("that is garbage, out of its order, cut off or silent takes nothing, and is told of once", async () => {
    const page = (items: unknown) => JSON.stringify({ items, manifest: 0, now: NOW });
    const wrong = [
      "",
      "[]",
      "null",
      page({}),
      page([{ seq: 1 }]),
      page([{ seq: 1, kind: "manifest", body: "x".repeat(70_000) }]),
      page(manifests(1, 101)),
      page([{ seq: 0, kind: "manifest", body: "{}" }]),
      JSON.stringify({ items: [], manifest: 0, now: "tomorrow" }),
      "x".repeat(200_000),
    ];
    const refusals: Answer[] = [
      { status: 409, body: "{}" },
      { status: 409, body: '{"code":"downlink_fork","restart_after":-1,"restart_hash":"x"}' },
      { status: 401, body: "" },
      { status: 500, body: "<html>" },
    ];
    const { cloud, url } = await startCloud(manifests(1, 3));
    cloud.garble = (answer, asked) => {
      const text = wrong[asked - 1];
      if (text !== undefined) return { status: 200, body: text };
      const refusal = refusals[asked - 1 - wrong.length];
      if (refusal !== undefined) return refusal;
      const silent = asked - wrong.length - refusals.length;
      if (silent === 1) return (response) => void response.destroy();
      if (silent === 2) return () => undefined;
      return answer;
    };
    const { gate } = startGate(url);
    await until(() => gate.place.seq === 3, "the good ones to be taken");
    expect(gate.taken).toEqual([1, 2, 3]);
    expect(gate.aside).toEqual([]);
    expect(gate.notes).toHaveLength(1);
  });

  it("ends at once when the program stops, also in the middle of a silence", async () => {
    const { cloud, url } = await startCloud();
    cloud.garble = () => () => undefined;
    const { downlink } = startGate(url);
    await until(() => cloud.asked > 0, "it to be asked for");
    await downlink.stop();
    const { asked } = cloud;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(cloud.asked).toBe(asked);
  });
});

describe("the cloud's time", () => {
  it("is never early, whatever the gate's own clock says", () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.nat(20_000),
        fc.nat(1_000_000),
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) }),
        (thereMs, backMs, laterMs, cloudMs) => {
          let monotonic = 5_000;
          const time = createCloudTime({ monotonicMs: () => monotonic });
          expect(time.nowMs()).toBe(null);
          const askedMs = monotonic;
          // The cloud looked at its clock on the way between.
          monotonic += thereMs + backMs;
          time.heard(new Date(cloudMs).toISOString(), askedMs);
          monotonic += laterMs;
          const really = cloudMs + backMs + laterMs;
          expect(time.nowMs()).toBe(really + thereMs);
        },
      ),
    );
  });
});
