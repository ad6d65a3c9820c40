import { afterEach, beforeEach, expect, it } from "vitest";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import { signedCommand } from "../remote/testing/signed.ts";
import { placeAfter } from "./downlink-place.ts";
import { isStoreTrouble } from "./store-trouble.ts";
import { newFolder, openStore, START_MS, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

const open = () => openStore(folder.path("gate.db"));

it("the place in the downlink is kept over a restart, number and hash together", () => {
  const first = open();
  expect(first.store.downlinkPlace()).toEqual({ seq: 0, hash: GENESIS_HASH });
  const place = placeAfter(first.store.downlinkPlace(), { seq: 1, kind: "payment", body: "{}" });
  expect(place).toEqual({ seq: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const last = first.store.lastLogSeq();
  first.store.setDownlinkPlace(place);
  // Where the link stands is no part of the record.
  expect(first.store.lastLogSeq()).toBe(last);
  first.store.close();
  const again = open();
  expect(again.store.downlinkPlace()).toEqual(place);
  again.store.close();
});

it("a command is begun once and answered once, over a restart too", () => {
  const command = signedCommand(START_MS, { act: "reprint", lane: null, ticket_number: "PKM-1" });
  const id = command.command_id;
  const first = open();
  expect(first.store.answerRemoteCommand(id, { outcome: "done", detail: "" }, START_MS)).toBe(false);
  expect(first.store.beginRemoteCommand(command, START_MS)).toBe(true);
  expect(first.store.beginRemoteCommand(command, START_MS)).toBe(false);
  expect(first.store.declineRemoteCommand(command, { outcome: "late", detail: "" }, START_MS)).toBe(false);
  first.store.close();
  const again = open();
  expect(again.store.openRemoteCommands()).toEqual([id]);
  const said = { outcome: "unknown", detail: "x".repeat(300) } as const;
  expect(again.store.answerRemoteCommand(id, said, START_MS + 5)).toBe(true);
  expect(again.store.answerRemoteCommand(id, { outcome: "done", detail: "" }, START_MS + 6)).toBe(false);
  expect(again.store.openRemoteCommands()).toEqual([]);
  const told = again.store.logAfter(0, 100).filter(({ kind }) => kind === "command.answered");
  expect(told.map(({ payload }) => payload)).toEqual([
    { command_id: id, outcome: "unknown", detail: "x".repeat(200), at: new Date(START_MS + 5).toISOString() },
  ]);
  again.store.close();
});

it("tells the disk's troubles from others", () => {
  const { db, store } = open();
  const failing = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    throw new Error("nothing was thrown");
  };
  expect(isStoreTrouble(failing(() => db.$client.exec("insert into agent_state (id) values (7)")))).toBe(
    false,
  );
  db.$client.pragma("query_only = on");
  const command = signedCommand(START_MS);
  expect(isStoreTrouble(failing(() => store.beginRemoteCommand(command, START_MS)))).toBe(true);
  expect(isStoreTrouble(new TypeError("a bug"))).toBe(false);
  expect(isStoreTrouble("a text")).toBe(false);
  expect(
    isStoreTrouble(new Error("outer", { cause: failing(() => store.beginRemoteCommand(command, 0)) })),
  ).toBe(true);
  db.$client.pragma("query_only = off");
  store.close();
});
