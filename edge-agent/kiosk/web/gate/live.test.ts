import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { followLive, RETRY_MS, SILENCE_MS, type EventStream } from "./live.ts";

const SNAPSHOT = JSON.stringify({
  at: "2025-11-22T11:00:05Z",
  facility: {
    slug: "demo",
    name: "Harbour Square",
    time_zone: "Europe/Berlin",
    currency: "EUR",
    minor_digits: 2,
    capacity: 120,
  },
  inside: 1,
  held: 0,
  today: { in: 1, out: 0, cash_minor: 0, card_minor: 0 },
  cloud: {
    connected: false,
    pending_events: 3,
    last_ack_at: null,
    state: "linked",
    detail: null,
    manifest: null,
    manifest_refused: null,
  },
  lanes: [],
  alarms: [],
  alarms_waiting: 0,
  modes: [],
  zones: [],
  devices: [],
  lists: null,
  movements: [],
});

/** An EventSource whose other end is the test. */
class FakeStream extends EventTarget implements EventStream {
  readyState = 1;
  closed = false;
  close(): void {
    this.closed = true;
  }
  snapshot(data = SNAPSHOT): void {
    this.dispatchEvent(new MessageEvent("snapshot", { data }));
  }
  fail(readyState: number): void {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
}

function follow() {
  const streams: FakeStream[] = [];
  const heard = { snapshots: 0, bad: [] as string[], refused: 0 };
  const stop = followLive(
    () => {
      const stream = new FakeStream();
      streams.push(stream);
      return stream;
    },
    {
      onSnapshot: () => heard.snapshots++,
      onBadSnapshot: (why) => heard.bad.push(why),
      onRefused: () => heard.refused++,
    },
  );
  const newest = (): FakeStream => streams.at(-1)!;
  return { streams, heard, stop, newest };
}

describe("the live stream", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("hands snapshots on, and reports those it cannot read", () => {
    const { heard, newest } = follow();
    newest().snapshot();
    newest().snapshot("{}");
    newest().snapshot();
    expect(heard.snapshots).toBe(2);
    expect(heard.bad).toHaveLength(1);
  });

  it("stays on one stream while it speaks", () => {
    const { streams, newest } = follow();
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(SILENCE_MS - 1);
      newest().snapshot();
    }
    expect(streams).toHaveLength(1);
  });

  it("replaces a stream that went silent, and closes the old one", () => {
    const { streams } = follow();
    vi.advanceTimersByTime(SILENCE_MS);
    expect(streams.map((stream) => stream.closed)).toEqual([true, false]);
  });

  it("leaves a broken connection to the browser", () => {
    const { streams, heard, newest } = follow();
    newest().fail(0);
    vi.advanceTimersByTime(SILENCE_MS - 1);
    expect(streams).toHaveLength(1);
    expect(heard.refused).toBe(0);
  });

  it("asks again for a refused stream, after a pause, and says so", () => {
    const { streams, heard, newest } = follow();
    newest().fail(2);
    expect(heard.refused).toBe(1);
    vi.advanceTimersByTime(RETRY_MS - 1);
    expect(streams).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(streams).toHaveLength(2);
  });

  it("believes nothing from a stream that it replaced", () => {
    const { streams, heard } = follow();
    vi.advanceTimersByTime(SILENCE_MS);
    streams[0]!.snapshot();
    streams[0]!.fail(2);
    expect(heard).toEqual({ snapshots: 0, bad: [], refused: 0 });
  });

  it("is over when it is stopped", () => {
    const { streams, heard, stop, newest } = follow();
    stop();
    newest().snapshot();
    newest().fail(2);
    vi.advanceTimersByTime(10 * SILENCE_MS);
    expect(streams).toHaveLength(1);
    expect(newest().closed).toBe(true);
    expect(heard).toEqual({ snapshots: 0, bad: [], refused: 0 });
  });
});
