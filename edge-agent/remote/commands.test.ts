import { generateKeyPairSync, randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RemoteCommand } from "@parkme/shared/protocol/downlink";
import type { CommandAnswer } from "../store/remote-commands.ts";
import type { Store } from "../store/store.ts";
import { newFolder, openStore, START_MS, type Folder } from "../store/testing/gate-db.ts";
import { createRemoteCommands } from "./commands.ts";
import { FACILITY_ID, SIGNING_KEY, signedCommand } from "./testing/signed.ts";

/** The cloud's clock; the gate's own is ten years off. */
const CLOUD_MS = START_MS + 10 * 365 * 86_400_000;
const DONE: CommandAnswer = { outcome: "done", detail: "" };

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

function openGate(): Store {
  const { db, store } = openStore(folder.path("gate.db"));
  // What fails here is the program, not the disk.
  db.$client.pragma("synchronous = off");
  store.setLinkState({ signingKey: SIGNING_KEY });
  return store;
}

type Setup = {
  readonly act?: (command: RemoteCommand) => CommandAnswer | Promise<CommandAnswer>;
  readonly cloudNowMs?: () => number | null;
};

function headquarters(store: Store, { act = () => DONE, cloudNowMs = () => CLOUD_MS }: Setup = {}) {
  const acted: RemoteCommand[] = [];
  const later: (() => void)[] = [];
  const silent = () => undefined;
  const commands = createRemoteCommands({
    facility: { id: FACILITY_ID, slug: "demo" },
    store,
    lanes: new Set(["entry", "exit"]),
    cloudNowMs,
    act: (command) => {
      acted.push(command);
      return act(command);
    },
    touched: silent,
    clock: { wallMs: () => START_MS, monotonicMs: () => 0 },
    timers: {
      after: (_ms, work) => {
        later.push(work);
        return silent;
      },
    },
    log: { info: silent, warn: silent, error: silent },
  });
  return { commands, acted, later };
}

type Answered = { readonly command_id: string; readonly outcome: string; readonly detail: string };

/** The answers in the log after a row, in its order. */
function answers(store: Store, after = 0): Answered[] {
  return store
    .logAfter(after, 10_000)
    .filter(({ kind }) => kind === "command.answered")
    .map(({ payload }) => payload as Answered);
}

function outcomesOf(store: Store): (string | undefined)[][] {
  return answers(store).map(({ outcome, detail }) => [outcome, detail]);
}

describe("a command of headquarters", () => {
  it("is done once, and answered once, however often it comes", () => {
    const store = openGate();
    const { commands, acted } = headquarters(store);
    const command = signedCommand(CLOUD_MS);
    for (let i = 0; i < 3; i++) commands.take(command);
    expect(acted).toEqual([command]);
    expect(answers(store)).toMatchObject([{ command_id: command.command_id, outcome: "done", detail: "" }]);
    store.close();
  });

  it("that the lane refuses is answered with its words, and one that fails with what was wrong", async () => {
    const store = openGate();
    const said: CommandAnswer[] = [{ outcome: "refused", detail: "The arm is held open already." }];
    const { commands } = headquarters(store, {
      act: () => {
        const next = said.shift();
        if (next === undefined) throw new Error("the relay is gone");
        return next;
      },
    });
    commands.take(signedCommand(CLOUD_MS));
    commands.take(signedCommand(CLOUD_MS));
    expect(outcomesOf(store)).toEqual([
      ["refused", "The arm is held open already."],
      ["failed", "the relay is gone"],
    ]);
    const slow = headquarters(store, { act: () => Promise.reject(new Error("the paper is out")) });
    slow.commands.take(signedCommand(CLOUD_MS));
    await slow.commands.stop();
    expect(outcomesOf(store).at(-1)).toEqual(["failed", "the paper is out"]);
    store.close();
  });

  it("is late by the cloud's clock alone, to the millisecond", () => {
    const store = openGate();
    let nowMs: number | null = CLOUD_MS + 30_000;
    const { commands, acted } = headquarters(store, { cloudNowMs: () => nowMs });
    commands.take(signedCommand(CLOUD_MS));
    nowMs += 1;
    commands.take(signedCommand(CLOUD_MS));
    nowMs = null;
    commands.take(signedCommand(CLOUD_MS));
    expect(acted).toHaveLength(1);
    expect(answers(store).map(({ outcome }) => outcome)).toEqual(["done", "late", "late"]);
    expect(store.recentAlarms(10)).toEqual([]);
    store.close();
  });

  it("that was tampered with, or is another's, moves nothing, and somebody is told", () => {
    const store = openGate();
    const { commands, acted } = headquarters(store);
    const genuine = signedCommand(CLOUD_MS);
    const foreign = generateKeyPairSync("ed25519").privateKey;
    const forged: readonly RemoteCommand[] = [
      { ...signedCommand(CLOUD_MS), lane: "exit" },
      { ...signedCommand(CLOUD_MS), act: "hold" },
      { ...signedCommand(CLOUD_MS), expires_at: new Date(CLOUD_MS + 86_400_000).toISOString() },
      { ...signedCommand(CLOUD_MS), actor: "Somebody else" },
      { ...signedCommand(CLOUD_MS), epoch: 2 },
      { ...signedCommand(CLOUD_MS), signature: genuine.signature },
      { ...signedCommand(CLOUD_MS), signature: "" },
      { ...signedCommand(CLOUD_MS), signature: "no base64 at all \u0000" },
      signedCommand(CLOUD_MS, {}, foreign),
      signedCommand(CLOUD_MS, { facility_id: randomUUID() }),
    ];
    for (const command of forged) commands.take(command);
    expect(acted).toEqual([]);
    expect(answers(store).map(({ outcome }) => outcome)).toEqual(forged.map(() => "refused"));
    expect(store.recentAlarms(20)).toHaveLength(forged.length);
    expect(new Set(store.recentAlarms(20).map(({ kind }) => kind))).toEqual(new Set(["remote_refused"]));
    commands.take(genuine);
    expect(acted).toEqual([genuine]);
    store.close();
  });

  it("is refused without a key to check it with, and with one that is none", () => {
    const store = openGate();
    const { commands, acted } = headquarters(store);
    for (const signingKey of [null, "", "AAAA", Buffer.from("not a key").toString("base64")]) {
      store.setLinkState({ signingKey });
      commands.take(signedCommand(CLOUD_MS));
    }
    expect(acted).toEqual([]);
    expect(answers(store)).toHaveLength(4);
    store.close();
  });

  it("of before a restore, or for a lane that is not there, is refused without an alarm", () => {
    const store = openGate();
    const { commands, acted } = headquarters(store);
    commands.take(signedCommand(CLOUD_MS, { epoch: 7 }));
    commands.take(signedCommand(CLOUD_MS, { lane: "back-door" }));
    expect(acted).toEqual([]);
    expect(outcomesOf(store)).toEqual([
      ["refused", "it was given before this gate was restored: what became of it is not known here"],
      ["refused", "there is no lane back-door"],
    ]);
    expect(store.recentAlarms(10)).toEqual([]);
    store.close();
  });

  it("whose answer the disk refuses is answered later, and not done again", () => {
    const store = openGate();
    let refusals = 2;
    const flaky: Store = {
      ...store,
      answerRemoteCommand: (...args) => {
        if (refusals-- > 0) throw new Error("the disk is full");
        return store.answerRemoteCommand(...args);
      },
    };
    const { commands, acted, later } = headquarters(flaky);
    const command = signedCommand(CLOUD_MS);
    commands.take(command);
    commands.take(command);
    expect(answers(store)).toEqual([]);
    later.shift()?.();
    later.shift()?.();
    expect(acted).toHaveLength(1);
    expect(outcomesOf(store)).toEqual([["done", ""]]);
    store.close();
  });

  it("that the disk does not take is not done", () => {
    const store = openGate();
    const full: Store = {
      ...store,
      beginRemoteCommand: () => {
        throw new Error("the disk is full");
      },
    };
    const { commands, acted } = headquarters(full);
    expect(() => commands.take(signedCommand(CLOUD_MS))).toThrow("the disk is full");
    expect(acted).toEqual([]);
    expect(answers(store)).toEqual([]);
    store.close();
  });
});

/** Where the power fails, counted in what the program does with the disk and the arm. */
type Crash = { readonly afterSteps: number };
class PowerFailure extends Error {}

/** The store and the arm of a program that ends in the middle: after it, nothing is done any more. */
function failing(store: Store, { afterSteps }: Crash, moved: string[]) {
  let steps = 0;
  const step = <T>(work: () => T): T => {
    if (steps++ >= afterSteps) throw new PowerFailure("the power failed");
    return work();
  };
  const dying: Store = {
    ...store,
    beginRemoteCommand: (...args) => step(() => store.beginRemoteCommand(...args)),
    answerRemoteCommand: (...args) => step(() => store.answerRemoteCommand(...args)),
    declineRemoteCommand: (...args) => step(() => store.declineRemoteCommand(...args)),
  };
  const act = (command: RemoteCommand): CommandAnswer =>
    step(() => {
      moved.push(command.command_id);
      return DONE;
    });
  return { dying, act };
}

describe("whatever is delivered in whatever order, however often the power fails", () => {
  const runs = fc.array(
    fc.record({
      /** Which commands are brought in this run of the program. */
      deliveries: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 10 }),
      /** How far it comes: each command takes three steps. */
      afterSteps: fc.integer({ min: 0, max: 14 }),
      lateMs: fc.constantFrom(0, 0, 0, 60_000),
    }),
    { minLength: 1, maxLength: 6 },
  );

  it("no command moves the arm twice, and each that came has exactly one answer in the end", () => {
    // What was committed is what the next run of the program finds: the file itself stays open.
    const store = openGate();
    fc.assert(
      fc.property(runs, (schedule) => {
        const before = store.lastLogSeq();
        const commands = Array.from({ length: 6 }, () => signedCommand(CLOUD_MS));
        const moved: string[] = [];
        const brought = new Set<string>();
        for (const { deliveries, afterSteps, lateMs } of schedule) {
          const { dying, act } = failing(store, { afterSteps }, moved);
          const gate = headquarters(dying, { act, cloudNowMs: () => CLOUD_MS + lateMs });
          gate.commands.start();
          for (const i of deliveries) {
            const command = commands[i];
            if (command === undefined) continue;
            try {
              gate.commands.take(command);
              brought.add(command.command_id);
            } catch (error) {
              expect(error).toBeInstanceOf(PowerFailure);
              // The cloud brings it again: nothing of it is on the disk, or all of it.
              if (store.remoteCommandKnown(command.command_id)) brought.add(command.command_id);
            }
          }
        }
        headquarters(store).commands.start();
        const told = answers(store, before);
        expect(new Set(moved).size).toBe(moved.length);
        expect(told.map(({ command_id }) => command_id).toSorted()).toEqual([...brought].toSorted());
        for (const { command_id, outcome } of told) {
          if (outcome === "done") expect(moved).toContain(command_id);
          if (outcome === "late" || outcome === "refused") expect(moved).not.toContain(command_id);
        }
        expect(store.openRemoteCommands()).toEqual([]);
      }),
      { numRuns: 100 },
    );
    store.close();
  });
});
