import { afterEach, describe, expect, it } from "vitest";
import { until } from "../devices/testing/until.ts";
import { CredentialError, staticCredential } from "./credential.ts";
import { createLog, lineAfter } from "./testing/memory-log.ts";
import { EDGE_ID, type Fate, startRecordingCloud } from "./testing/recording-cloud.ts";
import { recordedRestore, startRig, TOKEN } from "./testing/uplink-rig.ts";
import type { UplinkLog, UplinkOptions } from "./uplink-parts.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function startCloud(fate: (path: string, nth: number) => Fate = () => undefined) {
  const started = await startRecordingCloud(({ path }, nth) => fate(path, nth));
  cleanups.push(started.down, () => expect(started.broken).toEqual([]));
  return started;
}

function start(url: string, log: UplinkLog, over: Partial<UplinkOptions> = {}) {
  const rig = startRig(url, log, over);
  cleanups.push(() => rig.uplink.stop());
  return rig;
}

const WORDS = /another program has taken this gate's place/i;

describe("a hello", () => {
  it("claims the gate once for each start, and is said again after an answer that is none", async () => {
    const wrong: Fate[] = [
      { status: 500, body: {} },
      { status: 200, body: "<html>" },
      { status: 200, body: { verdict: "go_on" } },
      "swallow",
    ];
    const { url, cloud } = await startCloud((_path, nth) => wrong[nth - 1]);
    const kept = createLog(2);
    const { notes } = start(url, kept.log);
    await until(() => kept.cursor() === 2, "the log to be sent");
    // The last of them reached the cloud, only its answer did not reach us.
    expect(cloud.hellos.map(({ claim }) => claim)).toEqual([true, true]);
    expect(notes.filter((note) => note.startsWith("warn"))).toHaveLength(1);
  });

  it("keeps the first key that the cloud signs with, and believes no other", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(1);
    const first = start(url, kept.log);
    await until(() => kept.cursor() === 1, "the log");
    await first.uplink.stop();
    expect(kept.link().signingKey).toBe("key-1");
    cloud.signingKey = "key-2";
    const { notes } = start(url, kept.log);
    await until(() => notes.length > 1, "the other key to be told of");
    expect(notes[0]).toMatch(/^warn .*not believed/);
    expect(kept.link().signingKey).toBe("key-1");
  });
});

describe("a cloud that was restored", () => {
  it("gets again what it has lost, as soon as a batch or a heartbeat shows it", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(900);
    const { uplink, notes } = start(url, kept.log);
    await until(() => kept.cursor() === 900, "the log");
    cloud.restoreTo(333);
    kept.write();
    uplink.poke();
    await until(() => cloud.lines.length === 901, "what was lost");
    expect(cloud.lines).toEqual(kept.lines);
    expect(kept.cursors).toContain(333);
    cloud.restoreTo(0);
    await until(() => cloud.lines.length === 901, "all of it, shown by a heartbeat");
    expect(notes.filter((note) => note.includes("was restored"))).toHaveLength(2);
  });

  it("to an older epoch gets the lines of that first, and is believed though it is not in ours", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(1_200);
    kept.setEpoch(2);
    kept.write();
    start(url, kept.log, { restoring: recordedRestore().restoring });
    await until(() => cloud.lines.length === 1_201, "all of it");
    expect(cloud.hellos).toHaveLength(1);
    expect(cloud.lines).toEqual(kept.lines);
  });

  it("to before what is left of our log is begun anew behind its end, with nothing to fetch", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(500, 500);
    cloud.lines.push(...kept.lines.slice(0, 100));
    kept.setLink({ anchorSeq: 250 });
    const { calls, restoring } = recordedRestore();
    const { uplink } = start(url, kept.log, { restoring });
    await until(() => calls.length > 0, "the restore");
    expect(calls[0]).toBe("run 100 100");
    expect(uplink.agreed()).toBe(false);
    expect(cloud.seen).toEqual([]);
  });
});

describe("a gate that was restored", () => {
  it("adopts what the cloud knows before it sends anything, and says hello again", async () => {
    const { url, cloud } = await startCloud();
    const lost = createLog(80);
    const kept = createLog(50);
    cloud.lines.push(...lost.lines);
    const { calls, restoring } = recordedRestore({
      run: ({ common, head }) => {
        calls.push(`run ${common.seq} ${head.seq}`);
        for (let i = kept.lines.length; i < head.seq; i++) kept.write();
        return Promise.resolve();
      },
    });
    const { uplink } = start(url, kept.log, { restoring });
    await until(() => uplink.agreed(), "both to agree");
    expect(calls).toEqual(["run 50 80"]);
    expect(cloud.hellos.map(({ claim }) => claim)).toEqual([true, false]);
    kept.write();
    uplink.poke();
    await until(() => kept.cursor() === 81, "the log to go on");
  });

  it("is tried again with longer and longer pauses while it cannot be done", async () => {
    const { url, cloud } = await startCloud();
    cloud.lines.push(...createLog(80).lines);
    let tries = 0;
    const { restoring } = recordedRestore({
      run: () => (++tries % 2 === 0 ? Promise.resolve() : Promise.reject(new Error("the disk is full"))),
    });
    const { pauses, notes } = start(url, createLog(50).log, { restoring });
    await until(() => tries >= 4, "four tries");
    expect(pauses.filter((ms) => ms > 0).slice(0, 3)).toEqual([250, 500, 1_000]);
    expect(notes.filter((note) => note.includes("the disk is full"))).toHaveLength(1);
  });

  it("finds the fork though it named other places first", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(50);
    // The cloud has another line 41, and ends there: it is not among the places that are named at first.
    cloud.lines.push(...kept.lines.slice(0, 40));
    cloud.lines.push(lineAfter({ epoch: 1, seq: 40, hash: kept.lines[39]?.hash ?? "" }, "another"));
    const { calls, restoring } = recordedRestore();
    start(url, kept.log, { restoring });
    await until(() => calls.length > 0, "the restore");
    expect(calls[0]).toBe("run 40 41");
    expect(cloud.seen).toEqual([]);
  });

  it("goes on where it was though the cloud would have it go on", async () => {
    const { url } = await startCloud();
    let place: object | null = {};
    const { calls, restoring } = recordedRestore({
      place: () => place,
      run: () => ((place = null), Promise.resolve()),
    });
    const kept = createLog(3);
    const { uplink } = start(url, kept.log, { restoring });
    await until(() => kept.cursor() === 3, "the log");
    expect(calls).toEqual([]);
    expect(uplink.agreed()).toBe(true);
  });

  it("has nothing to adopt where the cloud knows no more than it does", async () => {
    const { url } = await startCloud();
    const kept = createLog(3);
    kept.setLink({ restoredSeq: 2 });
    const { calls, restoring } = recordedRestore({
      notNeeded: () => {
        calls.push("not needed");
        kept.setLink({ restoredSeq: null });
      },
    });
    start(url, kept.log, { restoring });
    await until(() => kept.cursor() === 3, "the log");
    expect(calls).toEqual(["not needed"]);
  });

  it("tells of its new epoch when the cloud has not heard of it, before it sends anything", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(3);
    kept.setEpoch(2);
    const { calls, restoring } = recordedRestore({
      tellEpoch: ({ head }) => {
        calls.push(`epoch behind ${head.seq}, ${cloud.seen.length} batches before`);
        return Promise.resolve();
      },
    });
    const { uplink } = start(url, kept.log, { restoring });
    await until(() => kept.cursor() === 3, "the log");
    expect(calls).toEqual(["epoch behind 0, 0 batches before"]);
    expect(uplink.status().epoch).toBe(2);
  });
});

describe("a program whose place another has taken", () => {
  it("tells people, and tells the cloud nothing more, until it is started again", async () => {
    const { url, cloud, requests } = await startCloud();
    const kept = createLog(1);
    const { uplink, alarms } = start(url, kept.log);
    await until(() => kept.cursor() === 1, "the first event");
    cloud.fence("another-box");
    kept.write();
    uplink.poke();
    await until(() => alarms.length > 0, "the alarm");
    const told = requests.length;
    kept.write();
    uplink.poke();
    expect(uplink.status()).toMatchObject({
      connected: false,
      pending: 2,
      fenced: expect.stringMatching(WORDS),
    });
    expect(uplink.agreed()).toBe(false);
    expect(alarms).toEqual([expect.stringMatching(WORDS)]);
    await uplink.stop();
    expect([requests.length, cloud.lines.length]).toEqual([told, 1]);

    const again = start(url, kept.log, { bootId: "boot-2" });
    await until(() => kept.cursor() === 3, "the rest, from the program that was started again");
    expect(again.alarms).toEqual(["over"]);
    expect(again.uplink.status().fenced).toBeNull();
  });

  it("says so again when the disk refused to keep the alarm", async () => {
    const { url, cloud } = await startCloud();
    cloud.fence("boot-1");
    cloud.fence("another-box");
    const alarms: string[] = [];
    let refused = false;
    const alarm = {
      begin: (detail: string) => {
        if (!refused) {
          refused = true;
          throw new Error("the disk is full");
        }
        alarms.push(detail);
      },
      over: () => undefined,
    };
    const { uplink } = start(url, createLog(1).log, { alarm });
    await until(() => alarms.length > 0, "the alarm");
    expect(uplink.status().fenced).toMatch(WORDS);
  });
});

describe("a program that the cloud does not know any more", () => {
  it("tells people, asks seldom, and goes on when it is known again", async () => {
    let known = true;
    const { url } = await startCloud(() =>
      known ? undefined : { status: 401, body: { code: "unknown_edge" } },
    );
    const kept = createLog(1);
    const { uplink, alarms, pauses, notes } = start(url, kept.log);
    await until(() => kept.cursor() === 1, "the first event");
    known = false;
    kept.write();
    uplink.poke();
    await until(() => alarms.length > 0, "the alarm");
    expect(uplink.status().fenced).toMatch(/does not know this gate/);
    await until(() => pauses.includes(30_000), "the long pause");
    known = true;
    await until(() => kept.cursor() === 2, "the rest", 15_000);
    expect(alarms).toEqual([expect.stringMatching(/does not know/), "over"]);
    expect(uplink.status().fenced).toBeNull();
    expect(notes.join()).not.toContain(TOKEN);
  });

  it("is not thought to be so for a single answer: a damaged byte is enough for that", async () => {
    const seen: string[] = [];
    const { url } = await startCloud((path) => {
      seen.push(path);
      return seen.length === 2 ? { status: 401, body: { code: "unknown_edge" } } : undefined;
    });
    const kept = createLog(1);
    const { alarms, pauses } = start(url, kept.log);
    await until(() => kept.cursor() === 1, "the log");
    const [hello, log] = ["POST /api/edge/hello", "POST /api/edge/log"];
    expect(seen).toEqual([hello, log, hello, log]);
    expect(alarms).toEqual([]);
    expect(pauses).not.toContain(30_000);
  });

  it("is one whose key was revoked, too", async () => {
    const { url, requests } = await startCloud();
    const credential = {
      ...staticCredential(EDGE_ID, TOKEN),
      token: () => Promise.reject(new CredentialError("revoked", "the key was revoked")),
    };
    const { alarms } = start(url, createLog(1).log, { credential });
    await until(() => alarms.length > 0, "the alarm");
    expect(alarms).toEqual(["the key was revoked"]);
    expect(requests).toEqual([]);
  });

  it("is none that is not enrolled yet: that is an outage", async () => {
    const { url } = await startCloud();
    let edgeId: string | null = null;
    const credential = { ...staticCredential(EDGE_ID, TOKEN), edgeId: () => edgeId };
    const kept = createLog(1);
    const { alarms, notes } = start(url, kept.log, { credential });
    await until(() => notes.length > 0, "the outage to be told");
    expect(notes[0]).toMatch(/not enrolled/);
    edgeId = EDGE_ID;
    await until(() => kept.cursor() === 1, "the log");
    expect(alarms).toEqual([]);
  });
});

describe("a log that is damaged", () => {
  it("is told nobody but people: an alarm names the line, and nothing follows", async () => {
    const { url, cloud } = await startCloud();
    const kept = createLog(9);
    const line = kept.lines[6];
    if (line === undefined) throw new Error("there is no such line");
    kept.lines[6] = { ...line, line: line.line.replace("tailgate", "tailgats") };
    const { uplink, alarms } = start(url, kept.log);
    await until(() => alarms.length > 0, "the alarm");
    expect(alarms).toEqual([expect.stringMatching(/^Line 7 of the log is damaged/)]);
    expect(uplink.status()).toMatchObject({
      connected: false,
      fenced: expect.stringMatching(/Line 7/),
      pending: 9,
    });
    expect(cloud.lines).toEqual([]);
    expect(cloud.seen).toHaveLength(1);
  });
});
