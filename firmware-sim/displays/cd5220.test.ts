import fc from "fast-check";
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SimDevice } from "../devices/device.ts";
import { cd5220Kind } from "./cd5220-device.ts";
import { SimCd5220Display } from "./cd5220-display.ts";

const WITHIN = { timeout: 10_000, interval: 5 };

function createDisplay(columns = 20) {
  const changes: (readonly [string, string])[] = [];
  const display = new SimCd5220Display({ columns, onLines: (lines) => changes.push(lines) });
  const send = (text: string): void => display.plug.receive(Buffer.from(text, "latin1"));
  return { display, changes, send };
}

describe("a CD5220 display", () => {
  it("writes whole lines, and is deaf to plain text until it is cleared", () => {
    const { display, send } = createDisplay();
    send("\x1bQAupper\r\x1bQBlower\rlost");
    expect(display.lines()).toEqual(["upper".padEnd(20), "lower".padEnd(20)]);
    send("\x0cfree text that goes over to the next line");
    expect(display.lines()).toEqual(["eree text that goes ", "over to the next lin"]);
  });

  it("hears nothing while it is silent", () => {
    const { display, changes, send } = createDisplay();
    display.silence(true);
    send("\x1bQAlost\r");
    display.silence(false);
    expect(changes).toEqual([]);
    send("\x1bQAheard\r");
    expect(changes).toEqual([["heard".padEnd(20), " ".repeat(20)]]);
  });

  it("takes no line that never ends", () => {
    const { display, send } = createDisplay();
    send(`\x1bQA${"x".repeat(30)}`);
    expect(display.lines()[0].trim()).not.toContain("x".repeat(20));
    send("\x0c\x1bQAgood\r");
    expect(display.lines()[0]).toBe("good".padEnd(20));
  });

  it("always has two lines of its width, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (chunks) => {
        const { display } = createDisplay(12);
        for (const chunk of chunks) display.plug.receive(chunk);
        expect(display.lines().map((line) => line.length)).toEqual([12, 12]);
      }),
    );
  });

  it("shows the same however the bytes are split", () => {
    const text = "\x0c\x1bQAPAY 4.50\r\x1bQBEUR\r\x1b*\x02";
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length }), (cut) => {
        const { display, send } = createDisplay();
        send(text.slice(0, cut));
        send(text.slice(cut));
        expect(display.lines()).toEqual(["PAY 4.50".padEnd(20), "EUR".padEnd(20)]);
      }),
    );
  });
});

describe("a CD5220 display that stands alone", () => {
  let device: SimDevice | null = null;
  afterEach(async () => {
    await device?.stop();
    device = null;
  });

  async function write(port: number, text: string): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    await new Promise<void>((resolve) => {
      socket.end(text, "latin1", () => resolve());
    });
  }

  it("tells what it shows, is unplugged and plugged in, and forgets when it is switched off", async () => {
    const said: unknown[] = [];
    device = await cd5220Kind.start({
      wire: { kind: "listen", host: "127.0.0.1", port: 0 },
      name: "panel",
      settings: {},
      say: (event) => said.push(event),
    });
    const port = device.port ?? 0;
    await write(port, "\x1bQAHELLO\r");
    const lines = ["HELLO".padEnd(20), " ".repeat(20)];
    await vi.waitUntil(() => said.length === 1, WITHIN);
    expect(said).toEqual([{ event: "display", device: "panel", lines }]);
    expect(device.state()).toEqual({ lines });

    device.deeds["unplug"]?.run([]);
    device.deeds["plug"]?.run([]);
    await vi.waitUntil(async () => {
      await write(port, "\x1bQBAGAIN\r");
      return said.length > 1;
    }, WITHIN);
    expect(device.state()).toEqual({ lines: ["HELLO".padEnd(20), "AGAIN".padEnd(20)] });
    device.deeds["reboot"]?.run([]);
    expect(device.state()).toEqual({ lines: [" ".repeat(20), " ".repeat(20)] });
  });
});
