import { describe, expect, it } from "vitest";
import type { LiveMessage } from "./live.ts";
import { eventStream } from "./routes.ts";

/** A watcher that says what it is given, and then waits. */
function watcherOf(messages: LiveMessage[]) {
  const seen = { asked: 0, left: 0 };
  const watcher = {
    next: () => {
      seen.asked += 1;
      const message = messages.shift();
      return message === undefined ? new Promise<LiveMessage>(() => undefined) : Promise.resolve(message);
    },
    leave: () => {
      seen.left += 1;
    },
  };
  return { watcher, seen };
}

async function read(stream: ReadableStream<Uint8Array>, count: number): Promise<string[]> {
  const reader = stream.getReader();
  const texts: string[] = [];
  for (let read = 0; read < count; read++) {
    const { done, value } = await reader.read();
    texts.push(done ? "the end" : new TextDecoder().decode(value));
  }
  return texts;
}

describe("eventStream", () => {
  it("writes snapshots as events and beats as comments", async () => {
    const { watcher } = watcherOf([{ kind: "snapshot", data: '{"at":1}' }, { kind: "beat" }]);
    const texts = await read(
      eventStream(watcher, () => Promise.resolve(true)),
      2,
    );
    expect(texts).toEqual(['event: snapshot\ndata: {"at":1}\n\n', ": beat\n\n"]);
  });

  it("asks for nothing before the connection has taken what it has", async () => {
    const { watcher, seen } = watcherOf([
      { kind: "snapshot", data: "1" },
      { kind: "snapshot", data: "2" },
      { kind: "snapshot", data: "3" },
    ]);
    await read(
      eventStream(watcher, () => Promise.resolve(true)),
      1,
    );
    expect(seen.asked).toBe(1);
  });

  it("ends when the session is over at a beat, and gives its place back", async () => {
    const { watcher, seen } = watcherOf([{ kind: "beat" }]);
    expect(
      await read(
        eventStream(watcher, () => Promise.resolve(false)),
        1,
      ),
    ).toEqual(["the end"]);
    expect(seen.left).toBe(1);
  });

  it("ends when the watching ends, and gives its place back when the connection goes", async () => {
    const ended = watcherOf([{ kind: "end" }]);
    expect(
      await read(
        eventStream(ended.watcher, () => Promise.resolve(true)),
        1,
      ),
    ).toEqual(["the end"]);
    const gone = watcherOf([]);
    await eventStream(gone.watcher, () => Promise.resolve(true)).cancel();
    expect(gone.seen.left).toBe(1);
  });
});
