import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { hex } from "../testing/hex.ts";
import { type DialogueEnd, ZvtDialogue } from "./zvt-dialogue.ts";

const ACK = "800000";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(writes = true) {
  const said: string[] = [];
  const counts: string[] = [];
  const progress: string[] = [];
  const ends: DialogueEnd[] = [];
  const dialogue = new ZvtDialogue(
    (bytes) => {
      if (writes) said.push(Buffer.from(bytes).toString("hex"));
      return writes;
    },
    (name) => counts.push(name),
  );
  return {
    dialogue,
    said,
    counts,
    progress,
    ends,
    pay: () =>
      void dialogue
        .converse(0x0601, hex("04000000000450"), {
          silenceMs: 60_000,
          onProgress: (text) => progress.push(text),
        })
        .then((end) => ends.push(end)),
    hear: async (...messages: string[]) => {
      for (const message of messages) dialogue.heard(hex(message));
      await vi.advanceTimersByTimeAsync(0);
    },
  };
}

describe("a dialogue", () => {
  it("acknowledges all that the terminal says, and ends with its completion", async () => {
    const { said, progress, ends, pay, hear } = start();
    pay();
    await hear(ACK, "04ff010a", "06d10300 4142", "040f052700870472", "060f00");
    expect(said).toEqual(["06010704000000000450", ACK, ACK, ACK, ACK]);
    expect(progress).toEqual(["insert your card"]);
    expect(ends).toMatchObject([{ kind: "completed", status: { result: 0, receipt: "0472" } }]);
  });

  it("ends with an abort, and whatever was told before it", async () => {
    const { ends, pay, hear } = start();
    pay();
    await hear(ACK, "040f022705", "061e0105");
    expect(ends).toMatchObject([{ kind: "aborted", code: 5, status: { result: 5 } }]);
  });

  it("is refused by a negative acknowledgement of the command, not by one of an interruption", async () => {
    const refused = start();
    refused.pay();
    await refused.hear("849c00");
    expect(refused.ends).toEqual([{ kind: "refused", code: 0x9c }]);

    const interrupted = start();
    interrupted.pay();
    await interrupted.hear("840000");
    interrupted.dialogue.interrupt(0x06b0);
    await interrupted.hear("848300", "04ff0104");
    expect(interrupted.said).toContain("06b000");
    expect(interrupted.ends).toEqual([]);
  });

  it("is not begun where nothing can be sent, or another is under way", async () => {
    const stuck = start(false);
    stuck.pay();
    await stuck.hear();
    expect(stuck.ends).toMatchObject([{ kind: "unsent" }]);
    const { ends, said, pay, hear } = start();
    pay();
    pay();
    await hear();
    expect(ends).toMatchObject([{ kind: "unsent" }]);
    expect(said).toHaveLength(1);
  });

  it("is doubtful when the line breaks, with what was told until then", async () => {
    const { ends, dialogue, pay, hear } = start();
    pay();
    await hear(ACK, "040f052700870472");
    dialogue.closed("closed by the peer");
    await hear("060f00");
    expect(ends).toMatchObject([
      { kind: "doubtful", reason: "closed by the peer", status: { receipt: "0472" } },
    ]);
  });

  it("is doubtful without an acknowledgement in 5 s, and without a word for as long as it may take", async () => {
    const unheard = start();
    unheard.pay();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(unheard.ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(unheard.ends).toMatchObject([{ kind: "doubtful", reason: "the terminal does not answer" }]);

    const { ends, pay, hear } = start();
    pay();
    await hear(ACK);
    await vi.advanceTimersByTimeAsync(59_000);
    await hear("04ff010e");
    await vi.advanceTimersByTimeAsync(59_999);
    expect(ends).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ends).toMatchObject([{ kind: "doubtful", reason: "the terminal has fallen silent" }]);
  });

  it("is doubtful when the terminal goes on and on", async () => {
    const { ends, pay, hear } = start();
    pay();
    for (let i = 0; i < 12 && ends.length === 0; i++) {
      await hear("04ff010e");
      await vi.advanceTimersByTimeAsync(55_000);
    }
    expect(ends).toMatchObject([{ kind: "doubtful", reason: "the terminal comes to no end" }]);
  });

  it("does not hear a half message of the line before", async () => {
    const { ends, dialogue, pay, hear } = start();
    await hear("040f0527");
    dialogue.opened();
    pay();
    await hear(ACK, "061e016c");
    expect(ends).toMatchObject([{ kind: "aborted", code: 0x6c }]);
  });
});

describe("outside of a dialogue", () => {
  it("a transaction that the terminal tells of is acknowledged, and counted, as is noise", async () => {
    const { said, counts, hear } = start();
    await hear("040f052700870472", "00ff", "060f00", ACK, "849c00");
    expect(said).toEqual([ACK, ACK]);
    expect(counts).toEqual(["zvt_stray_transaction", "zvt_garbage"]);
  });
});
