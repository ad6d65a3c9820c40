import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import type { CommandId } from "@parkme/shared/domain/ids";
import { openStore, newMint, recordsOf, turn } from "./gate-db.ts";

/**
 * A program that writes as a gate writes, and says on standard output what is on the disk: one stay's id for
 * each turn, after the commit has returned. It runs until it is killed.
 */
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: writer PATH");
const mint = newMint();
const { store } = openStore(path, mint);
const make = recordsOf(mint);

for (;;) {
  const wallMs = Date.now();
  const stay = make.stay(`B${randomBytes(4).toString("hex").toUpperCase()}`, wallMs);
  const open = {
    id: mint.next<CommandId>(wallMs),
    action: "open",
    pulseMs: 500,
    deadlineMs: 0,
    safety: false,
  } as const;
  store.commit(
    turn([make.started(stay), make.moved("in", stay.stayId), make.paid(stay.stayId, 500, stay.stayId)], {
      now: { wallMs, monotonicMs: 0 },
      commands: [open],
      credit: { kind: "stay", stay, plate: stay.plate, countsAtGrant: null },
    }),
  );
  writeSync(1, `${stay.stayId}\n`);
}
