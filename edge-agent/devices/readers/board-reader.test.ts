import { describe, expect, it } from "vitest";
import type { ReaderEvent } from "../ports.ts";
import { boardReaderConfigSchema, createBoardReader } from "./board-reader.ts";

async function startReader() {
  const config = { name: "entry-cards", driver: "board", board: "entry-board", point: "w1" };
  const reader = createBoardReader(boardReaderConfigSchema.parse(config));
  const events: ReaderEvent[] = [];
  await reader.start((event) => events.push(event));
  return { reader, events };
}

const image = { kind: "inputs", levels: {}, outputs: null, edges: null, boot: null } as const;

describe("a reader that is wired to a board", () => {
  it("tells the cards of its own point", async () => {
    const { reader, events } = await startReader();
    reader.hear({ kind: "card", reader: "w2", card: "00000001" });
    reader.hear({ kind: "card", reader: "w1", card: "12345678" });
    expect(events).toEqual([{ kind: "credential", medium: "card", text: "12345678" }]);
  });

  it("is as well as its board, and says so only when that changes", async () => {
    const { reader, events } = await startReader();
    reader.hear(image);
    reader.hear(image);
    reader.hear({ kind: "lost", reason: "closed by the peer" });
    reader.hear(image);
    expect(events).toEqual([
      { kind: "health", health: { ok: true, reason: "" } },
      { kind: "health", health: { ok: false, reason: "its board entry-board is lost: closed by the peer" } },
      { kind: "health", health: { ok: true, reason: "" } },
    ]);
  });
});
