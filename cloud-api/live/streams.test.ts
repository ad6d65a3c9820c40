import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Front } from "../front.ts";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { startTestServer } from "../testing/database.ts";
import { endServing, serveCloud, until } from "../testing/live-edge.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { tellChange } from "./changes.queries.ts";

let cloud: TestCloud;
let front: Front;
let staff: Person;
beforeAll(async () => {
  // On a server of its own: long transactions of other tests would hold its changes back.
  cloud = await startTestCloud({ database: await startTestServer() });
  front = await serveCloud(cloud);
  staff = await signedIn(cloud, "staff");
});
afterAll(async () => {
  await endServing(cloud, front);
  await cloud.stop();
});

type Message = { cursor: string; kind: string; body: { n: number } };
type Watcher = {
  readonly messages: readonly Message[];
  readonly closed: () => number | null;
  readonly end: () => void;
};

/** @throws with the status when it is refused. */
async function watch(path: string, token: string | null = null, protocols: string[] = []): Promise<Watcher> {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${front.port}${path}`, protocols, { headers });
  const messages: Message[] = [];
  let closed: number | null = null;
  socket.on("message", (data) =>
    messages.push(JSON.parse(data instanceof Buffer ? data.toString("utf8") : "null") as Message),
  );
  socket.on("close", (code) => (closed = code));
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return { messages, closed: () => closed, end: () => socket.close() };
}

const events = (cursor?: string, facilityId = FACILITY_ID) =>
  `/ws/events?facility_id=${facilityId}${cursor === undefined ? "" : `&cursor=${cursor}`}`;
const tell = (n: number) => tellChange(cloud.db, FACILITY_ID, "booking", { n }, cloud.clock.now);
const numbers = ({ messages }: Watcher) => messages.map(({ body }) => body.n);

describe("/ws/events", () => {
  it("tells what happens from now on", async () => {
    await tell(0);
    const watcher = await watch(events(), staff.token);
    await tell(1);
    await tell(2);
    await until(() => numbers(watcher).includes(2), "two changes");
    // Those of a moment ago may come as well, where a transaction of then still runs.
    expect(numbers(watcher).slice(-2)).toEqual([1, 2]);
    watcher.end();
  });

  it("goes on after a cut where it was, whatever committed late meanwhile", async () => {
    const first = await watch(events(), staff.token);
    await tell(10);
    await until(() => numbers(first).includes(10), "a change");
    first.end();
    const cursor = first.messages.at(-1)?.cursor ?? "";

    // A transaction that began before what comes next, and ends after it.
    let commit: () => void = () => undefined;
    let begun: () => void = () => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const late = cloud.db.transaction(async (tx) => {
      await tellChange(tx, FACILITY_ID, "booking", { n: 11 }, cloud.clock.now);
      begun();
      await new Promise<void>((resolve) => (commit = resolve));
    });
    await isBegun;
    await tell(12);
    const second = await watch(events(cursor), staff.token);
    await tell(13);
    commit();
    await late;
    await until(() => second.messages.length >= 3, "three changes");
    expect(numbers(second)).toEqual([11, 12, 13]);
    second.end();
  });

  it("gives each watcher every change once, from any cursor, while many write at the same time", async () => {
    const all = await watch(events(), staff.token);
    const writers = Array.from({ length: 8 }, async (_, k) => {
      for (let n = 0; n < 25; n += 1) await tell(1_000 + k * 100 + n);
    });
    await until(() => all.messages.length > 20, "some changes");
    const cursor = all.messages[9]?.cursor;
    const resumed = await watch(events(cursor), staff.token);
    await Promise.all(writers);
    const written = () => numbers(all).filter((n) => n >= 1_000);
    const isAll = () => written().length >= 200 && resumed.messages.length >= all.messages.length - 10;
    await until(isAll, "all changes");
    expect(new Set(written()).size).toBe(200);
    expect(written()).toHaveLength(200);
    expect(numbers(resumed)).toEqual(numbers(all).slice(10));
    all.end();
    resumed.end();
  });

  it("says that there is a gap to who was away for too long", async () => {
    const watcher = await watch(events("5.1.1000"), staff.token);
    await until(() => watcher.messages.length >= 1, "a message");
    expect(watcher.messages[0]).toMatchObject({ kind: "gap" });
    watcher.end();
  });

  it("takes the token in the web socket's protocol, as browsers can send it", async () => {
    const watcher = await watch(events(), null, ["parkme", `bearer.${staff.token}`]);
    watcher.end();
  });

  it("is for those who run the facility", async () => {
    const stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
    const driver = await signedIn(cloud, "driver");
    await expect(watch(events())).rejects.toThrow("401");
    await expect(watch(events(), "nonsense")).rejects.toThrow("401");
    await expect(watch(events(), stranger.token)).rejects.toThrow("404");
    await expect(watch(events(), driver.token)).rejects.toThrow("404");
    await expect(watch(events(undefined, OTHER_FACILITY_ID), staff.token)).rejects.toThrow("404");
    await expect(watch(events("nonsense"), staff.token)).rejects.toThrow("400");
    await expect(watch("/ws/events?facility_id=x", staff.token)).rejects.toThrow("400");
  });
});

describe("/ws/availability", () => {
  it("tells anybody how full a facility is, at once and when it changes", async () => {
    const path = `/ws/availability?facility_id=${FACILITY_ID}`;
    const watcher = await watch(path);
    await until(() => watcher.messages.length === 1, "how full it is");
    expect(watcher.messages[0]).toMatchObject({ facility_id: FACILITY_ID });
    await cloud.db.execute(`update facilities set inside = inside + 1 where id = '${FACILITY_ID}'`);
    await tellChange(cloud.db, FACILITY_ID, "availability", {}, cloud.clock.now);
    await until(() => watcher.messages.length === 2, "how full it is now");
    expect(watcher.messages[1]).not.toEqual(watcher.messages[0]);
    watcher.end();
  });

  it("refuses what is no facility, and what asks for no web socket", async () => {
    await expect(watch(`/ws/availability?facility_id=${randomUUID()}`)).rejects.toThrow("404");
    await expect(watch("/ws/availability")).rejects.toThrow("400");
    expect((await cloud.app.request(`/ws/availability?facility_id=${FACILITY_ID}`)).status).toBe(426);
  });
});
