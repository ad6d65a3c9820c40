import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { because, cash } from "./cashier.ts";
import { paperOf } from "./paper.ts";
import { setUpPaySite } from "./pay-site.ts";
import { eventually } from "./stage.ts";

/** Money at the desk and at the exit, with two attendants: who takes it, what is short, and what nobody paid for. */

/** Many programs on a busy machine. */
const SLOWLY = { timeout: 300_000 };
const HOURLY = { name: "Hourly", hourly: { price: 2, per_minutes: 60 } };
const BY_THE_MINUTE = {
  name: "By the minute",
  hourly: { price: "0.10", per_minutes: 1 },
  graces: { exit_minutes: 0 },
};

describe("the drawer", SLOWLY, () => {
  it("edge case 22: not enough change is said before anything is taken", async () => {
    const site = await setUpPaySite({ tariff: HOURLY, desk: { change_low_minor: 1_000 } });
    const { alex, exit } = site;
    const { stay_id } = await site.parked("HHA2201", 90);
    await alex.post("/api/shift/open", { float_minor: 2_000 });
    const lowAlarm = (): unknown =>
      site.page.snapshot()?.alarms.find(({ kind, ended_at }) => kind === "change_low" && ended_at === null);

    const fifty = { ...cash(400), tendered_minor: 5_000 };
    const short = await alex.post(`/api/stays/${stay_id}/payments`, fifty);
    expect(short).toMatchObject({ status: 409, code: "change_short" });
    expect(site.rows("select * from payments")).toEqual([]);
    expect((await alex.look(stay_id)).due_minor).toBe(400);

    // At the lane the same drawer is short.
    await exit.arrive();
    await exit.read("HHA2201");
    await exit.until("a fee", ({ state }) => state === "PAYING");
    const { amount_minor, tendered_minor, idempotency_key } = fifty;
    const atLane = { stay_id, amount_minor, tendered_minor, idempotency_key };
    expect(await alex.post("/api/lanes/exit/cash", atLane)).toMatchObject({
      status: 409,
      code: "change_short",
    });
    expect(site.rows("select * from payments")).toEqual([]);

    // With change from a pocket it is taken, once, however often the page sends it.
    for (let i = 0; i < 2; i++) {
      const taken = await alex.post(`/api/stays/${stay_id}/payments`, { ...fifty, accept_short: true });
      expect(taken).toMatchObject({ status: 200, body: { change_minor: 4_600 } });
    }
    expect(site.rows("select amount_minor, change_minor, tendered_minor from payments")).toEqual([
      { amount_minor: 400, change_minor: 4_600, tendered_minor: 5_000 },
    ]);
    await exit.leave();

    // 24.00 in the drawer: 15.00 out of it leaves too little for the next one who pays with a note.
    expect(lowAlarm()).toBeUndefined();
    const move = (kind: string, amount: number) =>
      alex.post("/api/shift/move", { kind, amount_minor: amount, ...because("notes to the safe") });
    expect(await move("drop", 1_500)).toMatchObject({ status: 200, body: { change_low: true } });
    await site.page.until("the alarm", () => lowAlarm() !== undefined);
    expect(await move("top_up", 3_000)).toMatchObject({ status: 200, body: { change_low: false } });
    await site.page.until("the end of the alarm", () => lowAlarm() === undefined);
  });

  it("edge case 45: money belongs to the shift that took it, though another let the vehicle wait", async () => {
    const site = await setUpPaySite({ tariff: HOURLY });
    const { alex, sam, exit } = site;
    const early = await site.parked("HHA4501", 30);
    const { stay_id } = await site.parked("HHA4502", 90);
    await alex.post("/api/shift/open", { float_minor: 10_000 });
    await alex.takeCash(early.stay_id, 500);
    await exit.arrive();
    await exit.read("HHA4502");
    await exit.until("a fee", ({ state, stay }) => state === "PAYING" && stay?.fee?.amount_minor === 400);

    // Before the count nobody is told what should be in the drawer, in no report.
    const alexShift = (await alex.shift()).shift?.shift_id ?? "";
    const x = await alex.report(alexShift);
    expect(x).toMatchObject({ kind: "x", z_number: null, float_minor: 10_000, expected_minor: null });
    expect(x).toMatchObject({ counted_minor: null, variance_minor: null, tickets: 1 });
    const sealed = await alex.post("/api/shift/close", { counted_minor: 10_150, note: "change of shift" });
    expect(sealed).toMatchObject({ status: 200, body: { kind: "z", z_number: 1 } });
    expect(sealed.body).toMatchObject({ expected_minor: 10_200, counted_minor: 10_150, variance_minor: -50 });

    await sam.post("/api/shift/open", { float_minor: 5_000 });
    const { amount_minor, tendered_minor, idempotency_key } = cash(400);
    const taken = await sam.post("/api/lanes/exit/cash", {
      stay_id,
      amount_minor,
      tendered_minor,
      idempotency_key,
    });
    expect(taken.status).toBe(200);
    await exit.leave();
    const samShift = (await sam.shift()).shift?.shift_id ?? "";
    expect(
      site.rows(
        "select p.amount_minor, p.actor, s.attendant, s.id from payments p join shifts s on s.id = p.shift_id order by p.at",
      ),
    ).toEqual([
      { amount_minor: 200, actor: "alex", attendant: "alex", id: alexShift },
      { amount_minor: 400, actor: "sam", attendant: "sam", id: samShift },
    ]);
    expect((await sam.report(samShift)).by_method).toEqual([
      { method: "cash", count: 1, amount_minor: 400, refunds_minor: 0 },
    ]);
    await sam.post("/api/shift/move", { kind: "drop", amount_minor: 5_000, ...because("to the safe") });
    await sam.post("/api/shift/close", { counted_minor: 400, note: "" });
    expect(await sam.report(samShift)).toMatchObject({
      kind: "z",
      z_number: 2,
      drops_minor: 5_000,
      expected_minor: 400,
      variance_minor: 0,
    });
    // The report of a closed shift does not change any more.
    expect(await sam.report(alexShift)).toEqual(sealed.body);
    expect((await sam.reconcile()).discrepancies).toEqual([]);
  });
});

describe("pay on foot", SLOWLY, () => {
  it("edge case 23: who paid at the desk or at a pay station leaves within the exit grace, and pays nothing more", async () => {
    const site = await setUpPaySite({ tariff: HOURLY, extras: ["ticket-printer", "pay-station"] });
    const { alex, exit } = site;
    const station = site.station();
    const atDesk = await site.parked("HHA2301", 90);
    const atStation = await site.parked("HHA2302", 90);
    const ticket = await paperOf(site.device("ticket-printer"), 2);
    const paid = await alex.takeCash(atDesk.stay_id, 500);
    expect(paid).toMatchObject({ amount: 400, change_minor: 100, receipt: { number: 1 } });
    expect(await alex.look(atDesk.stay_id)).toMatchObject({ due_minor: 0, balance_minor: 0 });

    await station.says(/^Pay here/);
    await station.show(ticket.code);
    await station.says(/^To pay EUR 4\.00/);
    await station.terminal.do("card approve");
    await station.says(/^Paid\. Thank you Leave by \d\d:\d\d$/);
    await station.show(ticket.number);
    await station.says(/^Already paid/);

    for (const plate of ["HHA2301", "HHA2302"]) {
      await exit.arrive();
      await exit.read(plate);
      await exit.leave();
    }
    expect(site.rows("select stay_id, lane, method, amount_minor, actor from payments order by at")).toEqual([
      { stay_id: atDesk.stay_id, lane: "desk", method: "cash", amount_minor: 400, actor: "alex" },
      { stay_id: atStation.stay_id, lane: "lobby", method: "card", amount_minor: 400, actor: "terminal" },
    ]);
    expect(await station.terminal.state()).toMatchObject({ balance: 400, commands: { authorisation: 1 } });
    expect((await alex.reconcile()).discrepancies).toEqual([]);
  });

  it("edge case 23: past the exit grace only the difference is asked for", async () => {
    const site = await setUpPaySite({ tariff: BY_THE_MINUTE });
    const { alex, exit } = site;
    const { stay_id } = await site.driveIn("HHA2303");
    // The next minute begins soon after the payment.
    const entry_at = new Date(Date.now() - 600_000 + 8_000).toISOString();
    await alex.act(stay_id, "entry-time", { entry_at, reason: "came earlier, by the camera" });
    const { amount } = await alex.takeCash(stay_id);
    await eventually(
      "the next minute to begin",
      async () => (await alex.look(stay_id)).due_minor ?? 0,
      (due) => due > 0,
      90_000,
    );
    await exit.arrive();
    await exit.read("HHA2303");
    const { stay } = await exit.until("the difference", ({ state }) => state === "PAYING");
    const difference = stay?.fee?.amount_minor ?? 0;
    // Minutes at 0.10; on a slow machine some more may have begun.
    expect(difference % 10).toBe(0);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(amount);
    const { amount_minor, tendered_minor, idempotency_key } = cash(difference);
    const rest = { stay_id, amount_minor, tendered_minor, idempotency_key };
    expect(await alex.post("/api/lanes/exit/cash", rest)).toMatchObject({ status: 200 });
    await exit.leave();
    const closed = await alex.look(stay_id);
    expect(closed.payments.map((payment) => payment.amount_minor)).toEqual([amount, difference]);
    expect(site.rows("select fee_minor, balance_minor from stays")).toEqual([
      { fee_minor: amount + difference, balance_minor: 0 },
    ]);
  });
});

describe("an arm that opens without money", SLOWLY, () => {
  it("edge case 42: fire while somebody pays opens and latches, logs who crosses, and charges nobody twice", async () => {
    const site = await setUpPaySite({ tariff: HOURLY, extras: ["exit-terminal"], payMs: 5_000 });
    const { alex, exit } = site;
    const terminal = site.device("exit-terminal");
    const payer = await site.parked("HHA4201", 90);
    const other = await site.parked("HHA4202", 30);
    // The bank books the payment while the line to the terminal is cut, and the fire breaks out meanwhile.
    await terminal.do("pay 100");
    await terminal.do("card approve");
    await terminal.do("late 8000");
    await exit.arrive();
    await exit.read("HHA4201");
    await exit.until("the card to be asked for", ({ card }) => card !== null);
    await exit.board.do("input in7 on");
    await exit.until("the fire to hold the arm", ({ held_by }) => held_by === "fire");
    await exit.barrier.driveThrough();
    await exit.barrier.cover("arming", true);
    await exit.read("HHA4202");
    await exit.barrier.driveThrough();
    await exit.board.do("input in7 off");
    const steps = await eventually(
      "the card payment to be settled",
      () => site.rows<{ status: string }>("select status from attempt_steps order by id"),
      (seen) => ["reversed", "approved", "refused"].includes(seen.at(-1)?.status ?? ""),
      60_000,
    );
    // Who was let out by the fire has not paid: what the bank booked all the same was given back.
    expect(steps.map(({ status }) => status)).toEqual(["begun", "unknown", "reversing", "reversed"]);
    expect(await terminal.state()).toMatchObject({
      balance: 100,
      commands: { authorisation: 1, reversal: 1 },
    });
    expect(site.rows("select * from payments")).toEqual([]);
    expect(
      site.rows("select kind, stay_id, fee_minor from movements where direction = 'out' order by at"),
    ).toEqual([
      { kind: "free", stay_id: payer.stay_id, fee_minor: 400 },
      { kind: "free", stay_id: other.stay_id, fee_minor: 200 },
    ]);
    expect((await alex.reconcile()).discrepancies).toMatchObject([
      { kind: "left_unpaid", stay_id: payer.stay_id, amount_minor: 400 },
      { kind: "left_unpaid", stay_id: other.stay_id, amount_minor: 200 },
    ]);
    // The fire is out, and the arm still up, until somebody has looked.
    expect(exit.view()).toMatchObject({ state: "HELD_OPEN", held_by: "fire" });
    expect(exit.barrier.isOpen()).toBe(true);
    expect(await alex.post("/api/lanes/exit/reset", { reason: "false alarm" })).toMatchObject({
      status: 200,
    });
    await exit.barrier.untilClosed();
  });

  it("edge case 43: an arm raised by hand or by the key switch leaves a record of every crossing", async () => {
    const site = await setUpPaySite({ tariff: HOURLY });
    const { alex, exit } = site;
    const { stay_id } = await site.parked("HHA4301", 90);
    // Somebody lifts the arm; one drives out whose plate is seen.
    await exit.barrier.byHand(true);
    await exit.until("the arm to be seen", ({ state }) => state === "UNKNOWN");
    expect(site.alarms()).toMatchObject([{ lane: "exit", kind: "forced" }]);
    await exit.barrier.cover("arming", true);
    await exit.read("HHA4301");
    await exit.barrier.driveThrough();
    await exit.barrier.byHand(false);
    await exit.until("the exit to be at rest", ({ state }) => state === "IDLE");
    expect(exit.barrier.openings()).toBe(0);
    // The guard's key; one drives out whom no camera sees.
    await exit.board.do("input in6 on");
    await exit.barrier.untilOpen();
    await exit.until("the key to hold the arm", ({ held_by }) => held_by === "key_switch");
    await exit.barrier.cover("arming", true);
    await exit.barrier.driveThrough();
    await exit.board.do("input in6 off");
    await exit.barrier.untilClosed();
    await exit.until("the exit to be at rest", ({ state }) => state === "IDLE");

    expect(
      site.rows("select kind, stay_id, fee_minor, review from movements where direction = 'out' order by at"),
    ).toEqual([
      { kind: "manual", stay_id, fee_minor: 400, review: null },
      { kind: "manual", stay_id: null, fee_minor: null, review: "exit_without_entry" },
    ]);
    const { discrepancies } = await alex.reconcile();
    expect(discrepancies).toMatchObject([
      { kind: "left_unpaid", stay_id, amount_minor: 400, actor: null },
      { kind: "left_without_stay", stay_id: null, detail: "manual", actor: null },
    ]);
    // Nobody can have raised it for money: none is in the books.
    expect(site.rows("select * from payments")).toEqual([]);
  });

  it("edge case 44: let out unpaid needs a reason, and the books say by whom", async () => {
    const site = await setUpPaySite({ tariff: HOURLY });
    const { alex, exit } = site;
    const { stay_id, ticket_number } = await site.parked("HHA4401", 90);
    await alex.post("/api/shift/open", { float_minor: 0 });
    await exit.arrive();
    await exit.read("HHA4401");
    await exit.until("a fee", ({ state, stay }) => state === "PAYING" && stay?.fee?.amount_minor === 400);
    for (const reason of [undefined, "", "  ", "x"]) {
      const vend = await alex.post("/api/lanes/exit/vend", { reason, idempotency_key: randomUUID() });
      expect(vend).toMatchObject({ status: 400, code: "invalid_body" });
    }
    expect(exit.barrier.openings()).toBe(0);
    const vend = await alex.post("/api/lanes/exit/vend", because("card terminal broken"));
    expect(vend.status).toBe(200);
    await exit.leave();

    const { discrepancies, movements_out, paid_minor, charged_minor } = await alex.reconcile();
    expect({ movements_out, paid_minor, charged_minor }).toEqual({
      movements_out: 1,
      paid_minor: 0,
      charged_minor: 400,
    });
    expect(discrepancies).toMatchObject([
      { kind: "left_unpaid", lane: "exit", amount_minor: 400, stay_id, ticket_number, actor: "alex" },
    ]);
    const report = await alex.report((await alex.shift()).shift?.shift_id ?? "");
    expect(report).toMatchObject({ kind: "x", vends: 1, by_method: [] });
    expect(site.rows("select actor, reason from vends")).toEqual([
      { actor: "alex", reason: "card terminal broken" },
    ]);
    // He comes back and pays after all: then the books are even.
    await alex.takeCash(stay_id);
    expect((await alex.reconcile()).discrepancies).toEqual([]);
  });
});

describe("money, while something breaks", SLOWLY, () => {
  it("edge case 19: a stay that is paid stays paid when the arm does not move, and is not charged again", async () => {
    const site = await setUpPaySite({ tariff: HOURLY, extras: ["exit-terminal"] });
    const { alex, exit } = site;
    const terminal = site.device("exit-terminal");
    const { stay_id } = await site.parked("HHA1901", 90);
    await terminal.do("card approve");
    exit.barrier.obey(false);
    await exit.arrive();
    await exit.read("HHA1901");
    await exit.until("the arm to be at fault", ({ state }) => state === "FAULT");
    expect(exit.barrier.openings(), "tried twice by itself").toBe(2);
    expect(site.alarms().map(({ kind }) => kind)).toContain("arm_fault");
    expect(await alex.look(stay_id)).toMatchObject({ status: "open", due_minor: 0, balance_minor: 0 });

    // The motor is mended, and the attendant opens from the desk.
    exit.barrier.obey(true);
    const vend = because("has paid, the arm was stuck");
    expect(await alex.post("/api/lanes/exit/vend", vend)).toMatchObject({ status: 200 });
    await exit.leave();
    expect(await alex.post("/api/lanes/exit/vend", vend), "sent again").toMatchObject({ status: 200 });
    expect(exit.barrier.openings()).toBe(3);
    expect(await terminal.state()).toMatchObject({ balance: 400, commands: { authorisation: 1 } });
    expect(site.rows("select method, amount_minor from payments")).toEqual([
      { method: "card", amount_minor: 400 },
    ]);
    expect(site.rows("select status, fee_minor, balance_minor from stays")).toEqual([
      { status: "closed", fee_minor: 400, balance_minor: 0 },
    ]);
    expect((await alex.reconcile()).discrepancies).toEqual([]);
  });

  it("edge case 50: power that goes while somebody pays loses no money, doubles none, and hides no vehicle", async () => {
    const site = await setUpPaySite({ tariff: HOURLY, extras: ["exit-terminal"] });
    const { alex, exit } = site;
    const terminal = site.device("exit-terminal");
    const atDesk = await site.parked("HHA5001", 90);
    const atExit = await site.parked("HHA5002", 90);
    await alex.post("/api/shift/open", { float_minor: 0 });
    // One card is being charged, and cash handed over, when the plug is pulled; the bank books the card a little later.
    await terminal.do("pay 100");
    await terminal.do("card approve");
    await terminal.do("late 8000");
    await exit.arrive();
    await exit.read("HHA5002");
    await exit.until("the card to be asked for", ({ card }) => card !== null);
    const handedOver = cash(400);
    const path = `/api/stays/${atDesk.stay_id}/payments`;
    const unheard = alex.post(path, handedOver).catch(() => null);
    await Promise.all([unheard, site.agent.kill()]);
    await exit.barrier.byHand(true);
    await eventually(
      "the bank",
      () => terminal.state(),
      ({ balance }) => balance === 500,
      40_000,
    );

    await site.agent.start();
    await exit.until("the arm to be found open", ({ state }) => state === "UNKNOWN");
    expect(exit.barrier.openings()).toBe(0);
    await exit.read("HHA5002");
    await exit.barrier.driveThrough();
    await exit.barrier.byHand(false);
    await exit.until("the exit to be at rest", ({ state }) => state === "IDLE");

    // The page sends what it was not answered, with the same key.
    const again = await site.signInAgain();
    for (let i = 0; i < 2; i++) expect(await again.post(path, handedOver)).toMatchObject({ status: 200 });
    expect((await again.look(atDesk.stay_id)).payments).toMatchObject([
      { method: "cash", amount_minor: 400 },
    ]);
    const { shift } = await again.shift();
    const { by_method } = await again.report(shift?.shift_id ?? "");
    expect(by_method).toMatchObject([{ method: "cash", count: 1, amount_minor: 400 }]);
    expect((await again.reconcile()).discrepancies).toMatchObject([
      { kind: "in_doubt", stay_id: atExit.stay_id, amount_minor: 400 },
      { kind: "left_unpaid", stay_id: atExit.stay_id, amount_minor: 400, plate: "HHA5002", actor: null },
    ]);

    // Nothing charges again by itself; a person reads the terminal's journal, and the books are even.
    const { attempt } = await again.look(atExit.stay_id);
    expect(attempt).toMatchObject({ status: "unknown", amount_minor: 400 });
    const vouch = () =>
      again.post(`/api/attempts/${attempt?.attempt_id}/vouch`, {
        reference: "0472",
        reason: "in its journal",
      });
    expect(await vouch()).toMatchObject({ status: 200, body: { status: "approved" } });
    expect(await vouch()).toMatchObject({ status: 409, code: "not_in_doubt" });
    expect(await again.look(atExit.stay_id)).toMatchObject({
      status: "closed",
      balance_minor: 0,
      payments: [{ method: "card", amount_minor: 400 }],
    });
    expect((await again.reconcile()).discrepancies).toEqual([]);
    expect(await terminal.state()).toMatchObject({ balance: 500, commands: { authorisation: 1 } });
    const lasting = site.page.snapshot()?.alarms.filter(({ ended_at }) => ended_at === null);
    expect(lasting).toEqual([]);
  });
});
