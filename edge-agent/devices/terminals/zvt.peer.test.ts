import { afterEach, describe, expect, it } from "vitest";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import { type AttemptId, asId } from "@parkme/shared/domain/ids";
import { startSimDevice } from "../testing/sim-device.ts";
import type { PaymentTerminal, TerminalEvent, TerminalRequest } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { createZvtTerminal, zvtConfigSchema } from "./zvt.ts";

/** The driver against the simulated terminal, run as a program, over TCP. Its ledger says what was charged. */

const PASSWORD = "135790";
/** A busy machine, a broken line that is opened anew after up to 5 s, and a payment that takes its time. */
const WITHIN_MS = 40_000;

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

let minted = 0;
function newAttempt(): AttemptId {
  minted += 1;
  return asId<AttemptId>(`00000000-0000-7000-8000-${minted.toString(16).padStart(12, "0")}`);
}

async function startSim(...settings: readonly string[]) {
  const flags = [`password=${PASSWORD}`, ...settings].flatMap((setting) => ["--set", setting]);
  const device = await startSimDevice("zvt", ["--listen", "127.0.0.1:0", ...flags]);
  cleanup.push(device.stop);
  return {
    ...device,
    state: async () => {
      const state = await device.tell("state");
      return state as unknown as {
        readonly waiting: string | null;
        readonly balance: number;
        readonly bookings: readonly {
          readonly kind: string;
          readonly amount: number;
          readonly receipt: number;
        }[];
        readonly commands: Readonly<Record<string, number>>;
      };
    },
  };
}
type Sim = Awaited<ReturnType<typeof startSim>>;

async function startDriver({ port }: Sim, options: object = {}) {
  const { context, counts, warnings } = createTestContext(createFakeBus().bus);
  const config = {
    name: "exit-pay",
    driver: "zvt",
    tcp: `127.0.0.1:${String(port)}`,
    settle_s: 1,
    silence_s: 10,
  };
  const terminal: PaymentTerminal = createZvtTerminal(
    zvtConfigSchema.parse({ ...config, password_file: PASSWORD, ...options }),
    context,
  );
  cleanup.push(() => terminal.stop());
  const events: TerminalEvent[] = [];
  await terminal.start((event) => events.push(event));
  const health = () => events.findLast((event) => event.kind === "health")?.health;
  const results = (id: AttemptId): TerminalOutcome[] =>
    events.flatMap((event) => (event.kind === "result" && event.attemptId === id ? [event.outcome] : []));

  async function ask(request: Exclude<TerminalRequest, { kind: "abort" }>): Promise<TerminalOutcome> {
    const before = results(request.attemptId).length;
    terminal.ask(request);
    await until(() => results(request.attemptId).length > before, `the result of ${request.kind}`, WITHIN_MS);
    const outcome = results(request.attemptId)[before];
    if (outcome === undefined) throw new Error("no result");
    return outcome;
  }

  const payment = (attemptId: AttemptId, amountMinor = 450) => ({
    kind: "authorise" as const,
    attemptId,
    amountMinor,
    currency: "EUR",
    deadlineMs: performance.now() + WITHIN_MS,
  });
  const enquire = (attemptId: AttemptId, amountMinor = 450) =>
    ask({ kind: "enquire", attemptId, amountMinor });
  return {
    terminal,
    events,
    counts,
    warnings,
    results,
    ask,
    payment,
    pay: (attemptId: AttemptId, amountMinor?: number) => ask(payment(attemptId, amountMinor)),
    enquire,
    /** Asks again and again, as a lane does, until it is certain; all that was told on the way. */
    async resolve(attemptId: AttemptId, amountMinor?: number): Promise<TerminalOutcome[]> {
      const told: TerminalOutcome[] = [];
      const deadline = performance.now() + WITHIN_MS;
      while (performance.now() < deadline) {
        const outcome = await enquire(attemptId, amountMinor);
        told.push(outcome);
        if (outcome.kind !== "unknown") return told;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`it stays in doubt: ${JSON.stringify(told.at(-1))}`);
    },
    well: () =>
      until(() => health()?.ok === true, `the terminal to be well: ${JSON.stringify(health())}`, WITHIN_MS),
    ill: (reason: string) =>
      until(() => health()?.reason.includes(reason) === true, `the terminal to be ill: ${reason}`, WITHIN_MS),
  };
}

async function startSite(options: object = {}, ...settings: readonly string[]) {
  const sim = await startSim(...settings);
  const driver = await startDriver(sim, options);
  await driver.well();
  return { sim, ...driver };
}

describe("a payment", () => {
  it("is approved, with what the driver sees on the way, a receipt, and no more of the card than four digits", async () => {
    const { sim, pay, events, warnings } = await startSite({}, "whole_number=on");
    const id = newAttempt();
    await sim.tell("card approve");
    expect(await pay(id)).toEqual({ kind: "approved", receipt: "0471", card: "girocard ****4771" });
    expect(events.filter(({ kind }) => kind === "progress")).toEqual([
      { kind: "progress", attemptId: id, text: "insert your card" },
      { kind: "progress", attemptId: id, text: "waiting for the bank" },
    ]);
    expect((await sim.state()).balance).toBe(450);
    expect(JSON.stringify([events, warnings])).not.toContain("4711084771");
  });

  it("is declined by the bank, or given up by the customer, and nothing is charged", async () => {
    const { sim, pay } = await startSite();
    await sim.tell("card decline");
    expect(await pay(newAttempt())).toEqual({ kind: "declined", reason: "declined by the bank (05)" });
    await sim.tell("card timeout");
    expect(await pay(newAttempt())).toEqual({ kind: "declined", reason: "cancelled (6C)" });
    expect((await sim.state()).bookings).toEqual([]);
  });

  it("is given up on our word while the card is awaited, and not once it is in", async () => {
    const { sim, terminal, ask, payment, results } = await startSite({}, "bank_ms=500");
    const first = newAttempt();
    const given = ask(payment(first));
    await untilWaiting(sim, "card");
    terminal.ask({ kind: "abort", attemptId: newAttempt() });
    terminal.ask({ kind: "abort", attemptId: first });
    expect(await given).toEqual({ kind: "declined", reason: "cancelled (6C)" });

    const second = newAttempt();
    const paid = ask(payment(second));
    await untilWaiting(sim, "card");
    await sim.tell("card approve");
    terminal.ask({ kind: "abort", attemptId: second });
    expect(await paid).toMatchObject({ kind: "approved" });
    expect([results(first).length, results(second).length]).toEqual([1, 1]);
    expect((await sim.state()).balance).toBe(450);
  });

  it("is the only one at a time, and is not asked for again under the same id", async () => {
    const { sim, terminal, pay, payment, enquire, results } = await startSite();
    const id = newAttempt();
    terminal.ask(payment(id));
    await untilWaiting(sim, "card");
    expect(await pay(newAttempt())).toEqual({ kind: "refused", reason: "another payment is under way" });
    expect(await enquire(id)).toEqual({ kind: "unknown", reason: "the terminal is still at work" });
    expect(await pay(id)).toEqual({ kind: "unknown", reason: "it was asked for already" });
    await sim.tell("card approve");
    await until(() => results(id).length === 3, "the result", WITHIN_MS);
    expect(results(id).at(-1)).toMatchObject({ kind: "approved", receipt: "0471" });
    expect(await pay(id)).toMatchObject({ kind: "approved", receipt: "0471" });
    expect(await enquire(id)).toMatchObject({ kind: "approved", receipt: "0471" });
    expect(await sim.state()).toMatchObject({ balance: 450, commands: { authorisation: 1 } });
  });

  it("that may not be, is refused without the terminal", async () => {
    const { sim, ask, payment, pay } = await startSite({ max_amount_minor: 1_000 });
    for (const request of [
      payment(newAttempt(), 0),
      payment(newAttempt(), 1_001),
      payment(newAttempt(), 4.5),
      { ...payment(newAttempt()), currency: "CHF" },
      { ...payment(newAttempt()), deadlineMs: performance.now() },
    ]) {
      expect(await ask(request)).toMatchObject({ kind: "refused" });
    }
    expect((await sim.state()).commands).not.toHaveProperty("authorisation");
    await sim.tell("card approve");
    expect(await pay(newAttempt(), 1_000)).toMatchObject({ kind: "approved" });
  });

  it("that the terminal does not take on is refused", async () => {
    const { sim, pay } = await startSite();
    await sim.tell("nack 156 authorisation");
    await sim.tell("card approve");
    expect(await pay(newAttempt())).toEqual({ kind: "refused", reason: "the terminal is busy (9C)" });
    expect((await sim.state()).balance).toBe(0);
    expect(await pay(newAttempt())).toMatchObject({ kind: "approved" });
    expect((await sim.state()).balance).toBe(450);
  });

  it("goes on over a slow line, in pieces, with noise between, and when the terminal hangs up after each", async () => {
    const { sim, pay } = await startSite({}, "hang_up=on");
    for (const fault of ["slow 100", "halves 50", "garbage"]) {
      await sim.tell(fault);
      await sim.tell("card approve");
      const outcome = await once(() => pay(newAttempt()));
      expect(outcome).toMatchObject({ kind: "approved" });
    }
    expect((await sim.state()).balance).toBe(3 * 450);
  });
});

describe("a payment in doubt", () => {
  it("was paid when the line broke after it was booked; it is not asked for again", async () => {
    const { sim, pay, resolve } = await startSite();
    await sim.tell("pay 450");
    await sim.tell("drop after");
    await sim.tell("card approve");
    const id = newAttempt();
    expect(await pay(id)).toMatchObject({ kind: "unknown" });
    expect((await resolve(id)).at(-1)).toEqual({
      kind: "approved",
      receipt: "0472",
      card: "girocard ****4771",
    });
    expect(await pay(id)).toMatchObject({ kind: "approved", receipt: "0472" });
    expect(await sim.state()).toMatchObject({ balance: 900, commands: { authorisation: 1 } });
  });

  it.each(["drop before", "hang", "reboot"])("was not paid, some time after: %s", async (mishap) => {
    const { sim, ask, payment, pay, resolve } = await startSite({ silence_s: 1 });
    await sim.tell("pay 450");
    const id = newAttempt();
    if (mishap !== "reboot") await sim.tell(mishap);
    if (mishap === "drop before") await sim.tell("card approve");
    const outcome = ask(payment(id));
    if (mishap === "reboot") {
      await untilWaiting(sim, "card");
      await sim.tell("reboot");
    }
    expect(await outcome).toMatchObject({ kind: "unknown" });
    expect((await resolve(id)).at(-1)).toEqual({
      kind: "refused",
      reason: "the terminal has no record of it",
    });
    expect((await sim.state()).balance).toBe(450);
    await sim.tell("card approve");
    expect(await pay(newAttempt())).toMatchObject({ kind: "approved" });
    expect((await sim.state()).balance).toBe(900);
  });

  it.each([
    ["busy", "late 2000"],
    ["idle", "late 2000 sly"],
  ])(
    "is not told as unpaid while a terminal that claims to be %s may still book it",
    async (_claim, mishap) => {
      const { sim, pay, resolve } = await startSite({ settle_s: 8 });
      await sim.tell("pay 450");
      await sim.tell(mishap);
      await sim.tell("card approve");
      const id = newAttempt();
      expect(await pay(id)).toMatchObject({ kind: "unknown" });
      const told = await resolve(id);
      expect(new Set(told.map(({ kind }) => kind))).toEqual(new Set(["unknown", "approved"]));
      expect(await sim.state()).toMatchObject({ balance: 900, commands: { authorisation: 1 } });
    },
  );

  it("stays in doubt when the terminal has taken something back since", async () => {
    const { sim, pay, enquire } = await startSite({}, "auto_reversal=on");
    await sim.tell("pay 100");
    await sim.tell("drop after");
    await sim.tell("card approve");
    const id = newAttempt();
    expect(await pay(id)).toMatchObject({ kind: "unknown" });
    await expect
      .poll(() => enquire(id), { timeout: WITHIN_MS, interval: 200 })
      .toEqual({
        kind: "unknown",
        reason: "the terminal's last transaction is a reversal of 4.50, receipt 0473",
      });
    expect((await sim.state()).balance).toBe(100);
  });

  it("is found out before the next one begins, or never", async () => {
    const { sim, pay, well, enquire } = await startSite({ silence_s: 1 });
    await sim.tell("pay 450");
    await sim.tell("drop after");
    await sim.tell("card approve");
    const first = newAttempt();
    expect(await pay(first)).toMatchObject({ kind: "unknown" });
    await well();
    await sim.tell("card approve");
    const next = await once(() => pay(newAttempt()));
    expect(next).toMatchObject({ kind: "approved", receipt: "0473" });
    expect(await enquire(first)).toMatchObject({ kind: "approved", receipt: "0472" });
    expect((await sim.state()).balance).toBe(3 * 450);
  });

  it("is not mistaken for one that was made at the terminal itself before it", async () => {
    const { sim, pay, enquire, resolve } = await startSite();
    await sim.tell("card approve");
    expect(await pay(newAttempt())).toMatchObject({ kind: "approved", receipt: "0471" });
    await sim.tell("pay 450");
    await sim.tell("drop before");
    await sim.tell("card approve");
    const id = newAttempt();
    expect(await pay(id)).toMatchObject({ kind: "unknown" });
    expect((await resolve(id)).at(-1)).toMatchObject({ kind: "refused" });
    expect(await enquire(id)).toMatchObject({ kind: "refused" });
    expect((await sim.state()).balance).toBe(900);
  });

  it("of an earlier run of the agent stays in doubt, with what the terminal tells", async () => {
    const { sim, pay, terminal } = await startSite();
    await sim.tell("drop after");
    await sim.tell("card approve");
    const id = newAttempt();
    expect(await pay(id)).toMatchObject({ kind: "unknown" });
    await terminal.stop();
    const restarted = await startDriver(sim);
    await restarted.well();
    expect(await restarted.enquire(id)).toEqual({
      kind: "unknown",
      reason:
        "the agent has no memory of it; the terminal's last transaction is a payment of 4.50, receipt 0471: just such an amount",
    });
    expect(await sim.state()).toMatchObject({ balance: 450, commands: { authorisation: 1 } });
  });

  it("is one when the driver is stopped in the middle of it", async () => {
    const { sim, ask, payment, terminal } = await startSite();
    const outcome = ask(payment(newAttempt()));
    await untilWaiting(sim, "card");
    await terminal.stop();
    expect(await outcome).toEqual({ kind: "unknown", reason: "the driver was stopped" });
  });
});

describe("whatever happens to a series of payments of the same amount", () => {
  const mishaps = [
    ["card approve"],
    ["drop after", "card approve"],
    ["card decline"],
    ["late 300", "card approve"],
    ["cut 1", "card approve"],
    ["drop before", "card approve"],
    ["halves 9", "cut 2", "card approve"],
    ["garbage", "nack 156 authorisation", "card approve"],
    ["cut 4", "card approve"],
    ["card approve"],
  ];

  it("what was told as approved was charged, once each, and what was told as refused or declined was not", async () => {
    const { sim, pay, resolve, well } = await startSite({ silence_s: 1, settle_s: 2 });
    const told: TerminalOutcome[] = [];
    for (const deeds of mishaps) {
      await well();
      for (const deed of deeds) await sim.tell(deed);
      const id = newAttempt();
      const outcome = await pay(id);
      const doubtful = outcome.kind === "unknown";
      told.push(doubtful ? ((await resolve(id).catch(() => [])).at(-1) ?? outcome) : outcome);
      // The customer holds the card ready still: the next payment is this one's.
      if (outcome.kind === "refused") told.push(await once(() => pay(newAttempt())));
    }
    const { bookings, commands } = await sim.state();
    console.log(told.map(({ kind }) => kind).join(" "), JSON.stringify(commands));
    const approved = told.flatMap((outcome) =>
      outcome.kind === "approved" ? [Number(outcome.receipt)] : [],
    );
    const inDoubt = told.filter(({ kind }) => kind === "unknown").length;
    expect(new Set(approved).size).toBe(approved.length);
    for (const receipt of approved)
      expect(bookings.filter((each) => each.receipt === receipt)).toHaveLength(1);
    expect(bookings.length - approved.length).toBeLessThanOrEqual(inDoubt);
    expect(approved.length).toBeGreaterThanOrEqual(6);
    expect(commands["authorisation"]).toBeLessThanOrEqual(told.length);
  });
});

describe("a payment that is taken back", () => {
  it("is so once, however often that is asked", async () => {
    const { sim, pay, ask, enquire } = await startSite();
    await sim.tell("card approve");
    const attemptId = newAttempt();
    expect(await pay(attemptId)).toMatchObject({ receipt: "0471" });
    const reverse = { kind: "reverse", attemptId, amountMinor: 450 } as const;
    expect(await ask({ ...reverse, receipt: "0470" })).toMatchObject({ kind: "refused" });
    expect(await ask({ ...reverse, receipt: "471" })).toMatchObject({ kind: "refused" });
    expect(await ask({ ...reverse, receipt: "0471" })).toEqual({ kind: "reversed" });
    expect(await ask({ ...reverse, receipt: "0471" })).toEqual({ kind: "reversed" });
    expect(await enquire(attemptId)).toEqual({ kind: "reversed" });
    expect(await sim.state()).toMatchObject({ balance: 0 });
    expect((await sim.state()).bookings).toHaveLength(2);
  });

  it("is asked for again when that is in doubt", async () => {
    const { sim, pay, ask, enquire, well } = await startSite();
    await sim.tell("card approve");
    const attemptId = newAttempt();
    await pay(attemptId);
    await sim.tell("slow 300");
    const reverse = { kind: "reverse", attemptId, amountMinor: 450, receipt: "0471" } as const;
    const outcome = ask(reverse);
    await untilCommands(sim, "reversal", 1);
    await sim.tell("unplug");
    expect(await outcome).toMatchObject({ kind: "unknown" });
    await sim.tell("slow 0");
    await well();
    expect(await enquire(attemptId)).toMatchObject({ kind: "unknown" });
    const again = await once(() => ask(reverse));
    expect(again).toEqual({ kind: "reversed" });
    expect(await sim.state()).toMatchObject({ balance: 0 });
  });
});

describe("a terminal's health", () => {
  it("is told when it goes and when it comes back, once each", async () => {
    const { sim, events, well, ill, pay } = await startSite({ check_s: 1 });
    await sim.tell("silence on");
    await ill("cannot be reached");
    expect(await pay(newAttempt())).toMatchObject({ kind: "refused" });
    await sim.tell("silence off");
    await well();
    expect(events.filter(({ kind }) => kind === "health")).toHaveLength(3);
  });

  it("is bad when it does not know our password", async () => {
    const sim = await startSim();
    const { ill, pay } = await startDriver(sim, { password_file: "000000" });
    await ill("refuses to work with us");
    expect(await pay(newAttempt())).toEqual({ kind: "refused", reason: "the terminal cannot be reached" });
  });

  it("is not touched by a line that breaks and comes back at once", async () => {
    const { sim, events, pay } = await startSite();
    await sim.tell("unplug");
    await expect
      .poll(async () => (await sim.state()).commands["registration"], { timeout: WITHIN_MS })
      .toBe(2);
    await sim.tell("card approve");
    const outcome = await once(() => pay(newAttempt()));
    expect(outcome).toMatchObject({ kind: "approved" });
    expect(events.filter(({ kind }) => kind === "health")).toHaveLength(1);
  });
});

/** Asks until the terminal takes it on: the line to it may be on its way back. */
async function once(ask: () => Promise<TerminalOutcome>): Promise<TerminalOutcome> {
  const deadline = performance.now() + WITHIN_MS;
  let outcome = await ask();
  while (outcome.kind === "refused" && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    outcome = await ask();
  }
  return outcome;
}

async function untilCommands(sim: Sim, command: string, count: number): Promise<void> {
  await expect
    .poll(async () => (await sim.state()).commands[command], { timeout: WITHIN_MS, interval: 20 })
    .toBe(count);
}

async function untilWaiting(sim: Sim, step: string): Promise<void> {
  await expect.poll(async () => (await sim.state()).waiting, { timeout: WITHIN_MS, interval: 20 }).toBe(step);
}
