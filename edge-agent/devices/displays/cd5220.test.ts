import { afterEach, describe, expect, it } from "vitest";
import type { Health } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { startTcpPeer } from "../testing/tcp-peer.ts";
import { until } from "../testing/until.ts";
import { cd5220DisplayConfigSchema, createCd5220Display } from "./cd5220.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startSite(settings: object = {}) {
  const peer = await startTcpPeer();
  cleanup.push(() => peer.down().catch(() => undefined));
  const section = { name: "exit-display", driver: "cd5220", tcp: `127.0.0.1:${peer.port}`, ...settings };
  const { context } = createTestContext(createFakeBus().bus);
  const display = createCd5220Display(cd5220DisplayConfigSchema.parse(section), context);
  cleanup.push(() => display.stop());
  const health: Health[] = [];
  await display.start((now) => health.push(now));
  return {
    peer,
    display,
    health,
    sent: (bytes: string) => until(() => peer.received().includes(bytes), JSON.stringify(bytes)),
  };
}

/** What writes these two lines, each of twenty characters. */
const written = (upper: string, lower: string): string =>
  `\x1bQA${upper.padEnd(20)}\r\x1bQB${lower.padEnd(20)}\r`;

describe("a CD5220 display", () => {
  it("is cleared when the line opens, and shows what it was told before", async () => {
    const { peer, display, sent } = await startSite();
    display.show(["WELCOME", "42 FREE"]);
    await sent(`\x0c${written("WELCOME", "42 FREE")}`);
    expect(peer.received().startsWith("\x0c")).toBe(true);
  });

  it("cuts long lines, and never lets a control character end one", async () => {
    const { display, sent } = await startSite();
    display.show(["A plate that is far too long for it", "B\r\x1bQA\x0cX"]);
    await sent(written("A plate that is far ", "B  QA X"));
  });

  it("shows the euro sign by the page that the display is set to, and in letters without one", async () => {
    const plain = await startSite();
    plain.display.show(["PAY € 4.50", "MÜNSTER"]);
    await plain.sent(written("PAY EUR 4.50", "MUNSTER"));
    const page = await startSite({ code_page: "cp858" });
    page.display.show(["PAY € 4.50", "MÜNSTER"]);
    await page.sent(written("PAY \xd5 4.50", "M\x9aNSTER"));
  });

  it("is told again from time to time, as it may have been switched off", async () => {
    const { peer, display } = await startSite({ refresh_ms: 1_000 });
    display.show(["PAY", "4.50"]);
    await until(() => peer.received().split(written("PAY", "4.50")).length > 3, "the lines again and again");
    expect(peer.received().split("\x0c")).toHaveLength(2);
  });

  it("shows its lines again after the line was down, and tells its health once", async () => {
    const { peer, display, health, sent } = await startSite();
    display.show(["FIRST", ""]);
    await sent(written("FIRST", ""));
    await peer.down();
    await until(() => health.at(-1)?.ok === false, "the loss");
    display.show(["SECOND", ""]);
    await peer.up();
    await sent(`\x0c${written("SECOND", "")}`);
    await until(() => health.at(-1)?.ok === true, "health");
    expect(health.filter(({ ok }, index) => ok && health[index - 1]?.ok === true)).toEqual([]);
  });
});
