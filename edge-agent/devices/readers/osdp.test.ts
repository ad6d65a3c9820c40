import { afterEach, describe, expect, it } from "vitest";
import type { ReaderEvent } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { createOsdpReader, osdpConfigSchema } from "./osdp.ts";
import { hex } from "../testing/hex.ts";
import { type HeardCommand, type ScriptedReply, startOsdpLine } from "./testing/osdp-line.ts";
import { RECORDED_CHALLENGE, RECORDED_HANDSHAKE, RECORDED_KEY } from "./testing/osdp-recording.ts";

const ACK: ScriptedReply = { code: 0x40 };
/** LED and buzzer. */
const CAPABILITIES: ScriptedReply = { code: 0x46, data: hex("040101 050101 080100") };
/** Facility 123, card 45678 in Wiegand 26. */
const CARD: ScriptedReply = { code: 0x50, data: hex("00011a00 bdd937 40") };

const running: { readonly stop: () => Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

/** A reader that tells of itself and answers polls as the test says, at first with nothing to report. */
async function startLine(poll: (command: HeardCommand) => ScriptedReply = () => ACK) {
  const script = { poll };
  const line = await startOsdpLine((command) => {
    if (command.code === 0x61) return { code: 0x45, data: hex("5a42430100010000000001 00") };
    if (command.code === 0x62) return CAPABILITIES;
    return command.code === 0x60 ? script.poll(command) : ACK;
  });
  running.push(line);
  return { ...line, script };
}

async function startReader(port: number, options: object = {}, random?: (length: number) => Uint8Array) {
  const { context, counts } = createTestContext(createFakeBus().bus);
  const config = { name: "exit-cards", driver: "osdp", tcp: `127.0.0.1:${port}`, address: 5, poll_ms: 50 };
  const reader = createOsdpReader(osdpConfigSchema.parse({ ...config, ...options }), context, random);
  running.unshift(reader);
  const events: ReaderEvent[] = [];
  await reader.start((event) => events.push(event));
  return {
    reader,
    context,
    counts,
    events,
    texts: () =>
      events.flatMap((event) => (event.kind === "credential" ? [`${event.medium} ${event.text}`] : [])),
    health: () => events.findLast((event) => event.kind === "health")?.health,
    well: () =>
      until(
        () => events.findLast((event) => event.kind === "health")?.health.ok === true,
        "the reader to be well",
      ),
    ill: (reason: string) =>
      until(
        () => events.findLast((event) => event.kind === "health")?.health.reason.includes(reason) === true,
        `the reader to be ill: ${reason}; it is ${JSON.stringify(events.at(-1))}`,
      ),
  };
}

/** Says each of these once, in turn, and then nothing new. */
function inTurn(...replies: readonly ScriptedReply[]): () => ScriptedReply {
  let turn = 0;
  return () => (turn < replies.length ? (replies[turn++] ?? null) : ACK);
}

describe("an osdp reader", () => {
  it("is asked what it is and has, then polled, with numbers 0, then 1, 2, 3, 1", async () => {
    const line = await startLine();
    const { well } = await startReader(line.port);
    await well();
    await until(() => line.count(0x60) >= 5, "polls");
    expect(line.heard.slice(0, 7).map(({ code, sequence }) => [code, sequence])).toEqual([
      [0x61, 0],
      [0x62, 1],
      [0x60, 2],
      [0x60, 3],
      [0x60, 1],
      [0x60, 2],
      [0x60, 3],
    ]);
    expect(new Set(line.heard.map(({ address }) => address))).toEqual(new Set([5]));
  });

  it("tells cards, and digits up to #", async () => {
    const line = await startLine(
      inTurn(CARD, { code: 0x53, data: hex("0003 313233") }, { code: 0x53, data: hex("0002 340d") }),
    );
    const { texts } = await startReader(line.port);
    await until(() => texts().length === 2, "a card and a code");
    expect(texts()).toEqual(["card 08106606", "code 1234"]);
  });

  it("may speak with checksums", async () => {
    const line = await startLine(inTurn(CARD));
    const { texts } = await startReader(line.port, { check: "checksum" });
    await until(() => texts().length === 1, "a card");
  });

  it("that answers nonsense in a good frame is heard on", async () => {
    const line = await startLine(
      inTurn({ code: 0x50, data: hex("00") }, { code: 0x50, data: hex("0001ffff01") }, { code: 0x99 }, CARD),
    );
    const { texts, counts } = await startReader(line.port);
    await until(() => texts().length === 1, "a card");
    expect(counts.get("osdp_card_rejected")).toBe(2);
    expect(counts.get("osdp_reply_ignored")).toBe(1);
  });

  it("shows and sounds what became of a card, before the next poll", async () => {
    const line = await startLine();
    const { reader, well } = await startReader(line.port, { poll_ms: 1_000 });
    await well();
    reader.indicate("granted");
    await until(() => line.count(0x6a) === 1, "the buzzer");
    reader.indicate("denied");
    await until(() => line.count(0x6a) === 2, "the buzzer again");
    const [granted, denied] = line.heard.filter(({ code }) => code === 0x69);
    // Green, then red, for 20 times 100 ms.
    expect(granted?.data).toEqual(hex("0000 0214000200 1400 0000000000"));
    expect(denied?.data).toEqual(hex("0000 0214000100 1400 0000000000"));
    expect(line.heard.filter(({ code }) => code === 0x6a).map(({ data }) => data)).toEqual([
      hex("0002030101"),
      hex("0002010103"),
    ]);
  });
});

describe("an osdp reader in trouble", () => {
  it("is asked the same again when an answer is lost, so that no card is", async () => {
    const line = await startLine();
    const { texts, well } = await startReader(line.port);
    await well();
    line.script.poll = inTurn(null, null, CARD);
    const before = line.heard.length;
    await until(() => texts().length === 1, "the card");
    expect(line.heard[before + 1]).toEqual(line.heard[before]);
    expect(line.heard[before + 2]).toEqual(line.heard[before]);
  });

  it("is away after as many unanswered polls as it is given, and well when it answers again", async () => {
    const line = await startLine();
    const { well, ill, events } = await startReader(line.port, { offline_after: 2 });
    await well();
    line.script.poll = () => null;
    await ill("does not answer");
    line.script.poll = () => ACK;
    await well();
    // It begins anew: what it is, with number 0.
    expect(line.heard.findLast(({ code }) => code === 0x61)?.sequence).toBe(0);
    expect(events.filter(({ kind }) => kind === "health")).toHaveLength(3);
  });

  it("that has lost count is begun anew at once, and nobody is told", async () => {
    const line = await startLine();
    const { well, texts, events } = await startReader(line.port);
    await well();
    line.script.poll = inTurn({ code: 0x41, data: hex("04") }, CARD);
    await until(() => texts().length === 1, "the card");
    expect(line.count(0x61)).toBe(2);
    expect(events.filter(({ kind }) => kind === "health")).toHaveLength(1);
  });

  it("that loses count again and again is ill", async () => {
    const line = await startLine(() => ({ code: 0x41, data: hex("04") }));
    const { ill } = await startReader(line.port);
    await ill("keeps losing count");
  });

  it("is asked again while it is busy, with the same number", async () => {
    const line = await startLine();
    const { well, texts } = await startReader(line.port);
    await well();
    const busy: ScriptedReply = { code: 0x79, sequence: 0 };
    line.script.poll = inTurn(busy, busy, CARD);
    await until(() => texts().length === 1, "the card");
  });

  it("may lack what we ask of it", async () => {
    const line = await startLine();
    const { well, reader } = await startReader(line.port);
    await well();
    line.script.poll = inTurn({ code: 0x41, data: hex("03") });
    reader.indicate("granted");
    await until(() => line.count(0x60) > 5, "polls after the refusal");
    expect(line.count(0x61)).toBe(1);
  });

  it("is away when the line breaks, and comes back with it", async () => {
    const line = await startLine();
    const { well, ill } = await startReader(line.port);
    await well();
    await line.down();
    await ill("line is down");
    await line.up();
    await well();
  });

  it("does not keep the others on its line from their polls", async () => {
    const line = await startOsdpLine(({ address, code }) => {
      if (address !== 5) return null;
      return code === 0x61 ? { code: 0x45 } : code === 0x62 ? CAPABILITIES : ACK;
    });
    running.push(line);
    const alive = await startReader(line.port);
    const config = { name: "dead-cards", driver: "osdp", tcp: `127.0.0.1:${line.port}`, address: 6 };
    const dead = createOsdpReader(osdpConfigSchema.parse(config), alive.context);
    running.unshift(dead);
    const told: ReaderEvent[] = [];
    await dead.start((event) => told.push(event));
    await alive.well();
    await until(() => told.length > 0, "the other reader to be away");
    const asked = (address: number): number =>
      line.heard.filter((command) => command.address === address).length;
    const before = asked(5);
    await until(() => asked(6) >= 3, "three attempts at the dead one");
    expect(told).toEqual([{ kind: "health", health: { ok: false, reason: "the reader does not answer" } }]);
    expect(asked(5) - before).toBeGreaterThan(10);
    expect(alive.health()?.ok).toBe(true);
  });
});

describe("an osdp reader with a key", () => {
  const key = { key_file: Buffer.from(RECORDED_KEY).toString("hex"), address: 0 };
  const challenge = (): Uint8Array => RECORDED_CHALLENGE;

  it("that does not know it is ill, and none of its cards is taken", async () => {
    const line = await startLine(() => CARD);
    line.script.poll = () => CARD;
    const { ill, texts } = await startReader(line.port, key, challenge);
    await ill("does not know the key");
    expect(line.count(0x60)).toBe(0);
    expect(texts()).toEqual([]);
  });

  it("that answers in clear once the channel stands is not believed", async () => {
    const { client, initialMac } = RECORDED_HANDSHAKE;
    let polls = 0;
    const line = await startTcpReader((code) => {
      if (code === 0x76) return client;
      if (code === 0x77) return initialMac;
      polls += 1;
      return null;
    });
    const { ill, texts, counts } = await startReader(line.port, key, challenge);
    await ill("not authentic");
    expect(polls).toBeGreaterThan(0);
    expect(counts.get("osdp_reply_not_authentic")).toBeGreaterThan(0);
    expect(texts()).toEqual([]);
  });

  it("cannot be made of a file that holds none", () => {
    const { context } = createTestContext(createFakeBus().bus);
    const config = { name: "x", driver: "osdp", tcp: "a:1", address: 0, key_file: "not hexadecimal" };
    expect(() => createOsdpReader(osdpConfigSchema.parse(config), context)).toThrow(
      "key_file of reader x must hold a key of 32 hexadecimal digits",
    );
  });

  it("is demanded by a reader that takes nothing in clear", async () => {
    const line = await startLine(() => ({ code: 0x41, data: hex("06") }));
    const { ill } = await startReader(line.port);
    await ill("key_file is missing");
  });

  /** The recorded reader: its handshake as it was, under the numbers of the moment, and then cards in clear. */
  async function startTcpReader(recorded: (code: number) => Uint8Array | null) {
    const line = await startOsdpLine((command) => {
      const code = command.data.length > 2 && command.data[0] === 0x11 ? 0x76 : command.code;
      if (code === 0x61) return { code: 0x45 };
      if (code === 0x62) return CAPABILITIES;
      const frame = recorded(secured(command) ?? code);
      if (frame === null) return CARD;
      line.replay(frame, command.sequence);
      return null;
    });
    running.push(line);
    return line;
  }

  /** In secured commands the code follows the security block. */
  function secured({ code: blockLength, data }: HeardCommand): number | null {
    return blockLength === 3 || blockLength === 2 ? (data[blockLength - 1] ?? null) : null;
  }
});
