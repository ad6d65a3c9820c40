import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  commandFields,
  createZvtReceiver,
  packed,
  unpacked,
  zvtMessage,
  type ZvtMessage,
} from "./zvt-codec.ts";
import { createLedger } from "./zvt-ledger.ts";
import { ZvtTerminal, type ZvtTerminalOptions } from "./zvt-terminal.ts";

const bytes = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("zvt messages as a terminal hears them", () => {
  function heardIn(chunks: readonly Uint8Array[]): ZvtMessage[] {
    const messages: ZvtMessage[] = [];
    const receiver = createZvtReceiver((message) => messages.push(message));
    for (const chunk of chunks) receiver.push(chunk);
    return messages;
  }

  it("are whole, however they are cut, and noise before them is dropped", () => {
    const command = bytes("06010a 04000000000450 490978");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: command.length + 3 }), (cut) => {
        const stream = Buffer.concat([bytes("00 ff 1b"), command]);
        expect(heardIn([stream.subarray(0, cut), stream.subarray(cut)])).toEqual([
          { class: 0x06, instruction: 0x01, data: command.subarray(3) },
        ]);
      }),
    );
  });

  it("may be long, and are sent long from 255 bytes on", () => {
    expect(zvtMessage(0x06d3, Buffer.alloc(861)).subarray(0, 5)).toEqual(bytes("06d3ff5d03"));
    const long = zvtMessage(0x0600, Buffer.alloc(300, 1));
    expect(heardIn([long])).toEqual([{ class: 6, instruction: 0, data: Buffer.alloc(300, 1) }]);
  });

  it("of any bytes do no harm", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 5 }), (chunks) => {
        for (const { data } of heardIn(chunks)) {
          expect(data.length).toBeLessThanOrEqual(2_048);
          commandFields(data);
          unpacked(data);
        }
      }),
    );
  });

  it("have their fields told apart, or none at all", () => {
    expect(commandFields(bytes("04000000000450490978"))?.get(0x04)).toEqual(bytes("000000000450"));
    expect(commandFields(bytes("0400"))).toBeNull();
    expect(commandFields(bytes("77"))).toBeNull();
    expect(packed(450, 6)).toEqual(bytes("000000000450"));
    expect(unpacked(bytes("00e0"))).toBeNull();
  });
});

describe("a ledger", () => {
  it("takes each payment back once", () => {
    const ledger = createLedger(() => undefined);
    const { receipt } = ledger.charge(450);
    ledger.charge(100);
    expect(ledger.balance()).toBe(550);
    expect(ledger.reverse(receipt)).toMatchObject({ kind: "reversal", amount: 450 });
    expect(ledger.reverse(receipt)).toBe("already");
    expect(ledger.reverse(9_999)).toBeNull();
    expect(ledger.balance()).toBe(100);
  });
});

describe("a simulated terminal", () => {
  function start(options: Partial<ZvtTerminalOptions> = {}) {
    const said: string[] = [];
    let cuts = 0;
    const ledger = createLedger(() => undefined);
    const terminal: ZvtTerminal = new ZvtTerminal({
      ledger,
      password: "000000",
      currency: 978,
      bankMs: 0,
      autoReversal: false,
      wholeNumber: false,
      send: (message) => void said.push(message.toString("hex")),
      cutLine() {
        cuts += 1;
        terminal.disconnected();
      },
      onDone: () => undefined,
      ...options,
    });
    const receiver = createZvtReceiver((message) => terminal.hear(message));
    const tell = (text: string): string[] => {
      said.length = 0;
      receiver.push(bytes(text));
      return [...said];
    };
    return {
      terminal,
      ledger,
      said,
      tell,
      cuts: () => cuts,
      register: () => tell("060006 0000001e0978 800000"),
    };
  }
  const PAY = "06010a 04000000000450 490978";

  it("does nothing for whoever has not registered, nor for a wrong password or currency", () => {
    const { tell } = start();
    expect(tell(PAY)).toEqual(["846b00"]);
    expect(tell("060006 1234561e0978")).toEqual(["848300"]);
    expect(tell("060006 0000001e0756")).toEqual(["800000", "061e016f"]);
  });

  it("books a payment once the card is approved, and tells its number", async () => {
    const { terminal, ledger, said, tell, register } = start();
    register();
    expect(tell(PAY)).toEqual(["800000", "04ff010a"]);
    expect(tell("0501050000000302")).toEqual(["800000", "060f019c"]);
    tell("800000 800000");
    terminal.card("approve");
    await vi.waitUntil(() => ledger.balance() === 450);
    expect(said.at(-1)).toMatch(/^040f..27000400000000045/);
    // For what it showed on the way, then for the result.
    expect(tell("800000")).toEqual([]);
    expect(tell("800000")).toEqual(["060f00"]);
    tell("800000");
    expect(tell("062005 000000 0303")[1]).toContain("870471");
    expect(ledger.bookings()).toHaveLength(1);
  });

  it("gives a payment up while the card is awaited, and not later", () => {
    const { terminal, tell, register } = start({ bankMs: 60_000 });
    register();
    tell(PAY);
    expect(tell("06b000")[1]).toMatch(/^040f..276c/);
    tell("800000 800000 800000");
    tell(PAY);
    terminal.card("approve");
    expect(tell("06b000")).toEqual(["848300"]);
    terminal.stop();
  });

  it("takes back what nobody has acknowledged, when it is set up so", async () => {
    const { terminal, ledger, tell, register } = start({ autoReversal: true });
    register();
    terminal.mishap({ kind: "drop", booked: true });
    terminal.card("approve");
    tell(PAY);
    await vi.waitUntil(() => ledger.bookings().length === 2);
    expect(ledger.balance()).toBe(0);
  });

  it("books late what the line broke off, busy or claiming not to be", async () => {
    for (const sly of [false, true]) {
      const { terminal, ledger, tell, register, cuts } = start();
      register();
      terminal.mishap({ kind: "late", afterMs: 20, sly });
      terminal.card("approve");
      tell(PAY);
      expect(cuts()).toBe(1);
      expect(tell("0501050000000302")).toEqual(["800000", sly ? "060f0100" : "060f019c"]);
      await vi.waitUntil(() => ledger.balance() === 450);
    }
  });
});
