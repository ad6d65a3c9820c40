import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SLOT_MS } from "@parkme/shared/domain/capacity-rights";
import type { IdMint } from "@parkme/shared/domain/ids";
import { linkState } from "../store/link-schema.ts";
import { createStore, type Store } from "../store/store.ts";
import {
  EUR,
  newFolder,
  newMint,
  open,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "../store/testing/gate-db.ts";
import { rightsItems } from "./rights-items.ts";
import { createShortageWatch } from "./shortage-watch.ts";

let folder: Folder;
let store: Store;
let mint: IdMint;
let setRestored: (seq: number | null) => void;
let cloudNowMs: number | null;
let touches: number;
beforeEach(() => {
  folder = newFolder();
  const db = open(folder.path("gate.db"));
  mint = newMint();
  store = createStore(db, { currency: EUR, mint, capacity: 20 });
  setRestored = (restoredSeq) => void db.update(linkState).set({ restoredSeq }).run();
  [cloudNowMs, touches] = [START_MS, 0];
});
afterEach(() => {
  store.close();
  folder.remove();
});

const clock = { wallMs: () => START_MS, monotonicMs: () => monotonicMs };
let monotonicMs = 0;
const touched = (): void => void touches++;

function items() {
  return rightsItems({ store, clock, cloudNowMs: () => cloudNowMs, touched });
}

function bodyOf(amount: number) {
  const [from, until] = [START_MS, START_MS + SLOT_MS].map((ms) => new Date(ms).toISOString());
  return { class: "standard", from: from ?? "", until: until ?? "", amount };
}

function request(amount: number, lastsMs = 60_000) {
  return {
    ...bodyOf(amount),
    request_id: randomUUID(),
    expires_at: new Date(START_MS + lastsMs).toISOString(),
  };
}

const given = (): number | undefined => store.rightsView({ wallMs: START_MS, monotonicMs: 0 })[0]?.given;

it("a request is answered once while it is open, and left alone when it is over by the cloud's clock", () => {
  const { rights_request: take } = items();
  const asked = request(4);
  expect([take(asked), take(asked), given(), touches]).toEqual([undefined, undefined, 4, 1]);
  cloudNowMs = START_MS + 60_000;
  expect([take(request(4)), given(), touches]).toEqual([undefined, 4, 1]);
});

it("what comes back is taken once", () => {
  const { rights_request, rights_transfer } = items();
  rights_request(request(4));
  const transfer = { ...bodyOf(3), transfer_id: randomUUID() };
  expect([rights_transfer(transfer), rights_transfer(transfer), given(), touches]).toEqual([
    undefined,
    undefined,
    1,
    2,
  ]);
});

it("a restored database takes nothing now, and all of it later", () => {
  const { rights_request, rights_transfer } = items();
  setRestored(0);
  const asked = request(4);
  expect([rights_request(asked), rights_transfer({ ...bodyOf(3), transfer_id: randomUUID() })]).toEqual([
    "later",
    "later",
  ]);
  expect([given(), touches]).toEqual([0, 0]);
  setRestored(null);
  expect([rights_request(asked), given()]).toEqual([undefined, 4]);
});

it("the cloud is asked for rights when they run short, and not again at every look", () => {
  const make = recordsOf(mint);
  const complaints: string[] = [];
  const note = { warn: (_: object, message: string) => void complaints.push(message) };
  const watch = createShortageWatch({ store, mint, clock, note, touched });
  items().rights_request(request(10));
  watch.look();
  expect(touches).toBe(1);
  for (let i = 0; i < 10; i++) {
    const stay = make.stay(null);
    store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
  }
  const wanted = () => store.logLines(0, 500).filter(({ line }) => line.includes('"kind":"rights.wanted"'));
  watch.look();
  watch.look();
  expect([wanted().length, touches]).toEqual([1, 2]);
  monotonicMs += 5 * 60_000;
  watch.look();
  expect(wanted()).toHaveLength(2);
  // A disk that refuses is complained of once, and stops nothing.
  store.close();
  watch.look();
  watch.look();
  expect(complaints).toHaveLength(1);
  store = createStore(open(folder.path("other.db")), { currency: EUR, mint });
});
