import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SimDevice } from "../devices/device.ts";
import { escposKind } from "./escpos-device.ts";
import { SimEscposPrinter } from "./escpos-printer.ts";

const WITHIN = { timeout: 10_000, interval: 5 };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const textHex = (text: string): string => Buffer.from(text, "latin1").toString("hex");
const QR =
  "1d286b03003143 05 1d286b03003145 31" + `1d286b0800315030 ${textHex("PKM-1")}` + "1d286b0300315130";
const CUT = "1d564200";

/** A printer at the end of a TCP line, and whoever talks to it. */
async function startPrinter(settings: Readonly<Record<string, string>> = {}) {
  const said: (Readonly<Record<string, unknown>> & { readonly event: string })[] = [];
  const device: SimDevice = await escposKind.start({
    wire: { kind: "listen", host: "127.0.0.1", port: 0 },
    name: "printer",
    settings: { line_ms: "0", ...settings },
    say: (event) => said.push(event),
  });
  ends.push(() => device.stop());
  const socket: Socket = connect(device.port ?? 0, "127.0.0.1");
  socket.on("error", () => undefined);
  ends.push(() => socket.destroy());
  let heard = "";
  socket.on("data", (chunk) => (heard += chunk.toString("hex")));
  await new Promise<void>((resolve) => void socket.once("connect", () => resolve()));
  return {
    device,
    said,
    deed: (line: string): void => {
      const [name = "", ...words] = line.split(" ");
      const deed = device.deeds[name];
      if (deed === undefined) throw new Error(`no deed ${name}`);
      deed.run(words);
    },
    send: (...hex: string[]) => void socket.write(bytesOf(hex.join(""))),
    heard: () => heard,
    /** Sends a question and gives back what comes until the answer is as long as expected. */
    async ask(hex: string, answerBytes = 1): Promise<string> {
      const before = heard.length;
      socket.write(bytesOf(hex));
      await vi.waitUntil(() => heard.length >= before + 2 * answerBytes, WITHIN);
      return heard.slice(before);
    },
    tickets: () => said.filter(({ event }) => event === "ticket"),
    async ticket(count = 1) {
      await vi.waitUntil(() => said.filter(({ event }) => event === "ticket").length >= count, WITHIN);
      return said.filter(({ event }) => event === "ticket")[count - 1];
    },
  };
}

describe("an ESC/POS printer", () => {
  it("prints text, sizes and QR codes, and tells of the ticket when it is cut", async () => {
    const { send, ticket } = await startPrinter();
    send("1b40 1b6101 1d2111", textHex("CAR PARK"), "0a 1d2100 1b7413", textHex("2 \xd5"), "0a", QR, CUT);
    expect(await ticket()).toEqual({
      event: "ticket",
      device: "printer",
      text: ["CAR PARK", "2 €"],
      qr: ["PKM-1"],
      held: false,
      file: null,
    });
  });

  it("breaks a line that is too long for its paper", async () => {
    const { send, ticket } = await startPrinter({ width: "384" });
    send(textHex("x".repeat(40)), "0a", CUT);
    expect((await ticket())?.["text"]).toEqual(["x".repeat(32), "x".repeat(8)]);
  });

  it("prints no QR code where it knows none, nor one that its paper does not hold", async () => {
    const without = await startPrinter({ qr: "off" });
    without.send(QR, "41 0a", CUT);
    expect(await without.ticket()).toMatchObject({ text: ["A"], qr: [] });
    const narrow = await startPrinter({ width: "100" });
    narrow.send(QR, "41 0a", CUT);
    expect(await narrow.ticket()).toMatchObject({ text: ["A"], qr: [] });
  });

  it("saves a picture of the ticket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parkme-tickets-"));
    ends.push(() => rmSync(folder, { recursive: true }));
    const { send, ticket } = await startPrinter({ folder: join(folder, "new") });
    send(textHex("TICKET"), "0a", QR, CUT);
    const file = (await ticket())?.["file"] as string;
    expect(file).toBe(join(folder, "new", "printer-1.png"));
    expect(readFileSync(file).subarray(1, 4).toString()).toBe("PNG");
  });

  it.each([
    ["paper ok", "12 12 12 12"],
    ["paper low", "12 12 12 1e"],
    ["paper out", "1a 32 12 7e"],
    ["cover open", "1a 16 12 12"],
    ["offline on", "1a 12 12 12"],
    ["jam on", "1a 52 16 12"],
    ["cutter stuck", "1a 52 1a 12"],
    ["drawer open", "16 12 12 12"],
  ])("with %s says %s to DLE EOT 1, 2, 3 and 4", async (deed, answers) => {
    const printer = await startPrinter();
    printer.deed(deed);
    expect(await printer.ask("100401 100402 100403 100404", 4)).toBe(answers.replaceAll(" ", ""));
  });

  it("repeats a mark when what stands before it is printed, and not before", async () => {
    const printer = await startPrinter();
    printer.deed("paper out");
    printer.send(textHex("A"), "0a", CUT, "1d284806003030 61626364");
    expect(await printer.ask("100401")).toBe("1a");
    expect(printer.tickets()).toEqual([]);
    printer.deed("paper ok");
    await vi.waitUntil(() => printer.heard().includes("37226162636400"), WITHIN);
    expect(await printer.ticket()).toMatchObject({ text: ["A"] });
  });

  it("goes on with the rest when new paper comes, unless its buffers were cleared", async () => {
    const printer = await startPrinter();
    printer.deed("paper last 1");
    printer.send(textHex("A"), "0a", textHex("B"), "0a", CUT);
    await vi.waitUntil(() => printer.device.state()["paper"] === "out", WITHIN);
    printer.deed("paper ok");
    expect(await printer.ticket()).toMatchObject({ text: ["B"] });
    await vi.waitUntil(() => printer.said.some(({ event }) => event === "torn"), WITHIN);

    printer.deed("paper last 1");
    printer.send(textHex("C"), "0a", textHex("D"), "0a", CUT);
    await vi.waitUntil(() => printer.device.state()["paper"] === "out", WITHIN);
    expect(await printer.ask("10140801031401060208", 3)).toBe("372500");
    printer.deed("paper ok");
    printer.send(textHex("E"), "0a", CUT);
    expect(await printer.ticket(2)).toMatchObject({ text: ["E"] });
  });

  it("stops dead halfway and claims to be well, until it is rebooted", async () => {
    const printer = await startPrinter();
    printer.deed("half");
    printer.send(...["A", "B", "C", "D"].map((text) => `${textHex(text)}0a`), CUT, "1d7201");
    await vi.waitUntil(() => printer.device.state()["uncut"] === 3, WITHIN);
    expect(await printer.ask("100401 100402", 2)).toBe("1212");
    printer.deed("reboot");
    await vi.waitUntil(async () => {
      printer.send("100401");
      return printer.heard().endsWith("121212");
    }, WITHIN);
    expect(printer.tickets()).toEqual([]);
    expect(printer.device.state()).toMatchObject({ buffered: 0, uncut: 3 });
  });

  it("reports changes by itself when it was asked to", async () => {
    const printer = await startPrinter();
    expect(await printer.ask("1d610e", 4)).toBe("1000000f");
    printer.deed("cover open");
    await vi.waitUntil(() => printer.heard().endsWith("3800000f"), WITHIN);
    printer.deed("cover closed");
    await vi.waitUntil(() => printer.heard().endsWith("1000000f"), WITHIN);
    // Until it is initialised.
    expect(await printer.ask("1b40 1d7201")).toBe("00");
    printer.deed("cover open");
    expect(await printer.ask("100401")).toBe("1a");
  });

  it("holds a ticket in its presenter until it is taken, pulled back or dropped", async () => {
    const printer = await startPrinter({ presenter: "custom" });
    const full = (): Promise<string> => printer.ask("100414", 6);
    const print = (text: string): void => printer.send(textHex(text), "0a 1b69 1d650306 1d7201");
    expect(await full()).toBe("100f00000000");
    print("A");
    expect(await printer.ticket(1)).toMatchObject({ text: ["A"], held: true });
    expect((await full()).endsWith("100f20000000")).toBe(true);
    printer.deed("take");
    expect(await full()).toBe("100f00000000");
    expect(() => printer.deed("take")).toThrow("no ticket in the presenter");
    for (const [n, event] of [
      ["02", "retracted"],
      ["05", "dropped"],
    ] as const) {
      print("B");
      printer.send("1d65", n);
      await vi.waitUntil(() => printer.said.some((each) => each.event === event), WITHIN);
    }
    expect((await full()).endsWith("100f00000000")).toBe(true);
  });

  it("says XOFF before its buffer is full, XON when there is room, and loses what does not fit", async () => {
    const printer = await startPrinter({ flow: "xonxoff", buffer: "2000" });
    printer.deed("offline on");
    printer.send(textHex("x".repeat(1_600)));
    await vi.waitUntil(() => printer.heard() === "13", WITHIN);
    printer.send(textHex("y".repeat(1_000)));
    await vi.waitUntil(() => printer.device.state()["lost"] === 600, WITHIN);
    printer.deed("offline off");
    await vi.waitUntil(() => printer.heard() === "1311", WITHIN);
  });

  it("can be silent, echo, break off its answers and talk nonsense", async () => {
    const printer = await startPrinter();
    printer.deed("cut 1");
    printer.send("10140801031401060208");
    await vi.waitUntil(() => printer.heard() === "37", WITHIN);
    expect(await printer.ask("100401")).toBe("12");
    printer.deed("echo on");
    expect(await printer.ask("100401", 4)).toBe("10040112");
    printer.deed("echo off");
    printer.deed("silence on");
    const before = printer.heard();
    printer.send("100401");
    printer.deed("garbage");
    await vi.waitUntil(() => printer.heard().length > before.length, WITHIN);
    expect(printer.heard().slice(before.length)).toMatch(/^ff1680/);
    expect(() => printer.deed("paper torn")).toThrow("say ok, low, out");
  });

  it("kicks its drawer when its turn comes", async () => {
    const printer = await startPrinter();
    printer.send("1b70003264");
    await vi.waitUntil(() => printer.said.length > 0, WITHIN);
    expect(printer.said).toEqual([{ event: "drawer", device: "printer", pin: 2, onMs: 100 }]);
    expect(printer.device.state()).toMatchObject({ isDrawerOpen: true });
  });

  it("survives whatever it is sent", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 }), (chunks) => {
        const printer = new SimEscposPrinter({
          paperDots: 384,
          lineMs: 0,
          bufferBytes: 300,
          saysXoff: true,
          hasPresenter: true,
          knowsQr: true,
          knowsMarks: true,
          onSight: () => undefined,
        });
        for (const chunk of chunks) printer.plug.receive(chunk);
        expect(printer.state().buffered).toBeLessThanOrEqual(300);
        printer.stop();
      }),
    );
  });
});
