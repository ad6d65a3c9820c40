import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { because, cash } from "./cashier.ts";
import { type PaySite, setUpPaySite } from "./pay-site.ts";

const HOURLY = { name: "Hourly", hourly: { price: 2, per_minutes: 60 } };
const STAY_ACTS = [
  "payments",
  "card",
  "validations",
  "write-off",
  "debt",
  "debt/collect",
  "refunds",
  "lost-ticket",
  "entry-time",
  "vehicle",
  "penalties",
  "ticket/print",
  "void",
];

/** All that garbage could have changed. */
function booksOf({ rows }: PaySite) {
  const tables = ["stays", "payments", "ledger", "shifts", "drawer_moves", "validations", "stay_amendments"];
  return tables.map((table) => [table, rows(`select * from ${table}`)]);
}

/** A page that went mad, or somebody who writes requests by hand: with a session, and without sense. */
describe("garbage", { timeout: 300_000 }, () => {
  it("is refused at every route of the desk, and moves no money", async () => {
    const site = await setUpPaySite({ tariff: HOURLY });
    const { alex } = site;
    const { stay_id } = await site.driveIn("HHA9901");
    const id = randomUUID();
    const posts = [
      "stays",
      ...STAY_ACTS.map((act) => `stays/${stay_id}/${act}`),
      "lanes/exit/identify",
      "lanes/exit/cash",
      "shift/open",
      "shift/move",
      "shift/close",
      `attempts/${id}/vouch`,
    ].map((path) => [alex, path] as const);
    const before = booksOf(site);
    const bodies = [
      "",
      "null",
      "[]",
      "{",
      '"x"',
      "{}",
      `{"reason":${"[".repeat(5_000)}`,
      "\u0000",
      "[[1,2],{}]",
    ];
    for (const [who, path] of [...posts, [site.merchant, "merchant/validate"] as const]) {
      for (const body of bodies)
        expect([path, body, await who.ask("POST", `/api/${path}`, body)]).toMatchObject([
          path,
          body,
          { status: 400, code: "invalid_body" },
        ]);
      expect([path, (await who.ask("POST", `/api/${path}`, "x".repeat(20_000))).status]).toEqual([path, 413]);
    }
    for (const amount_minor of [0, -1, 1.5, 0.1 + 0.2, 2e9, 1e300, "200", null, Number.NaN])
      for (const path of ["payments", "write-off", "refunds", "card"].map(
        (act) => `stays/${stay_id}/${act}`,
      )) {
        const wish = { ...cash(200), amount_minor, tendered_minor: 200, payment_id: id, reason: "because" };
        const { status, code } = await alex.post(`/api/${path}`, wish);
        expect([path, amount_minor, status, code]).toEqual([path, amount_minor, 400, "invalid_body"]);
      }
    for (const stay of [id, "x", "..%2f..", "%00", "'; drop table stays; --"])
      for (const act of STAY_ACTS) {
        const answer = await alex.ask("POST", `/api/stays/${encodeURIComponent(stay)}/${act}`, {
          ...cash(200),
        });
        expect([act, answer.status < 500 && answer.status >= 400]).toEqual([act, true]);
      }
    for (const path of [
      "stays/x",
      `stays/${id}`,
      "shifts/x/report",
      `shifts/${id}/report`,
      "attempts/x",
      "lanes/nowhere/identify",
    ])
      expect([path, (await alex.ask("GET", `/api/${path}`)).status]).toEqual([path, 404]);
    for (const query of [
      `stays?q=${"x".repeat(300)}`,
      "shifts?limit=0",
      "receipts?limit=1e9",
      "reconciliation?from=yesterday",
      "reconciliation?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
      "reconciliation?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
    ])
      expect([query, (await alex.ask("GET", `/api/${query}`)).status]).toEqual([query, 400]);
    // An entry that is to come, or before anything there is.
    for (const entry_at of ["2199-01-01T00:00:00Z", "1969-12-31T00:00:00Z", "tomorrow"])
      for (const path of ["stays", `stays/${stay_id}/entry-time`])
        expect(
          (await alex.post(`/api/${path}`, { plate: null, entry_at, ...because("a guess") })).status,
        ).toBe(400);
    expect((await fetch(`${site.url}/api/stays`)).status, "nobody is signed in").toBe(401);
    expect(booksOf(site)).toEqual(before);
    expect((await alex.look(stay_id)).due_minor).toBe(200);
  });
});
