import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type PayDesk, startPayDesk } from "../desk/testing/pay-desk.ts";

/** Every post of the desk, with what nobody may send. */

let desk: PayDesk;
let stay: string;
beforeEach(async () => {
  desk = await startPayDesk({ more: "upi: { payee: harbour@okbank, name: Harbour }\n", currency: "INR" });
  stay = desk.parked();
});
afterEach(() => desk.stop());

const key = randomUUID();
const why = { reason: "seen on the camera" };
const money = { amount_minor: 400, idempotency_key: key };
const cash = { method: "cash", tendered_minor: 400, ...money };
const AMOUNTS = ["4.00", 4.5, 400.001, -1, 1e9, null, NaN, "", [400]];

/** A call, a body that is right, and values of each field that are not. */
const POSTS: readonly (readonly [string, object, Readonly<Record<string, readonly unknown[]>>])[] = [
  [
    "stays/:id/payments",
    cash,
    {
      amount_minor: [...AMOUNTS, 0],
      tendered_minor: [...AMOUNTS, 399],
      method: ["card", "", null],
      idempotency_key: ["again", "", 7],
      accept_short: ["yes"],
    },
  ],
  ["stays/:id/debt/collect", cash, { amount_minor: [...AMOUNTS, 0], method: ["online"] }],
  ["stays/:id/card", money, { amount_minor: [...AMOUNTS, 0], idempotency_key: ["x"] }],
  [
    "stays/:id/validations",
    { merchant: "cinema", offer: "film", idempotency_key: key },
    { merchant: ["", 7, "x".repeat(41)], offer: ["", null], idempotency_key: ["x"] },
  ],
  [
    "stays/:id/validations",
    { code: "X", idempotency_key: key },
    { code: ["x".repeat(257), 7], idempotency_key: ["x"] },
  ],
  [
    "stays/:id/write-off",
    { ...money, ...why },
    { amount_minor: [...AMOUNTS, 0], reason: ["", "no", "  x ", 7, "x".repeat(201)] },
  ],
  [
    "stays/:id/debt",
    { ...money, ...why, debtor: "Kim" },
    { amount_minor: [...AMOUNTS, 0], debtor: ["", "  ", 7], reason: ["no"] },
  ],
  [
    "stays/:id/refunds",
    { ...money, ...why, payment_id: key },
    { amount_minor: [...AMOUNTS, 0], payment_id: ["1", null], reason: [""], idempotency_key: [""] },
  ],
  ["stays/:id/lost-ticket", why, { reason: ["", 7, undefined] }],
  [
    "stays/:id/entry-time",
    { entry_at: "2026-03-01T10:00:00Z", ...why },
    { entry_at: ["now", "2026-03-01", 7], reason: ["x"] },
  ],
  [
    "stays/:id/vehicle",
    { type: "car", ev: false, accessible: false },
    { type: ["", 7], ev: ["no"], accessible: [null] },
  ],
  [
    "stays/:id/penalties",
    { penalty: "bay", ...why, idempotency_key: key },
    { penalty: ["", 7], reason: ["x"], idempotency_key: ["x"] },
  ],
  ["stays/:id/void", why, { reason: ["", null] }],
  ["stays/:id/ticket/print", why, { reason: ["", null] }],
  [
    "stays",
    { plate: "B1", entry_at: "2026-03-01T10:00:00Z", ...why, idempotency_key: key },
    { plate: [7, "x".repeat(21)], entry_at: ["then"], reason: [""], idempotency_key: ["x"] },
  ],
  ["lanes/exit/identify", { stay_id: key, ...why }, { stay_id: ["1", 7], reason: ["x"] }],
  ["attempts/:key/vouch", { reference: null, ...why }, { reference: ["", 7], reason: ["x"] }],
  ["shift/open", { float_minor: 100 }, { float_minor: AMOUNTS }],
  [
    "shift/move",
    { kind: "drop", ...money, ...why },
    { kind: ["steal", ""], amount_minor: [...AMOUNTS, 0], reason: ["x"], idempotency_key: ["x"] },
  ],
  ["shift/close", { counted_minor: 100 }, { counted_minor: AMOUNTS, note: ["x".repeat(201), 7] }],
  [
    "lanes/exit/cash",
    { stay_id: key, tendered_minor: 400, ...money },
    { amount_minor: AMOUNTS, accept_short: ["yes"] },
  ],
];
const pathOf = (path: string): string => `/api/${path.replace(":id", stay).replace(":key", key)}`;
const BARE = ["stays/:id/upi", "attempts/:key/stop", "receipts/1/print"];

/** Everything that is written down, as a hash would see it. */
const written = () => desk.store.logAfter(0, 1_000).map(({ event_id }) => event_id);

describe("a post of the desk", () => {
  it.each(POSTS)(
    "%s refuses what cannot be meant, names the field, and does nothing",
    async (path, right, wrong) => {
      const before = written();
      for (const [field, values] of Object.entries(wrong)) {
        for (const value of values) {
          const refused = await desk.refusal(await desk.post(pathOf(path), { ...right, [field]: value }));
          expect(refused, "what is refused").toEqual({ status: 400, code: "invalid_body", field });
        }
      }
      for (const body of ["", "{", "[]", "null", "7", '"x"', "{}"]) {
        const response = await desk.call(pathOf(path), { cookie: desk.cookie, body });
        expect(response.status, "what is no body").toBe(400);
      }
      expect(written()).toEqual(before);
    },
  );

  it.each([...POSTS.map(([path]) => path), ...BARE, "merchant/validate"])(
    "%s needs a session and the page's own header",
    async (path) => {
      const before = written();
      const nobody = await desk.call(pathOf(path), { body: {} });
      expect(await desk.refusal(nobody)).toEqual({ status: 401, code: "signed_out" });
      const foreign = await desk.call(pathOf(path), {
        cookie: desk.cookie,
        headers: { "x-parkme": "0" },
        body: {},
      });
      expect(await desk.refusal(foreign)).toEqual({ status: 403, code: "foreign_page" });
      expect(written()).toEqual(before);
    },
  );

  it("is nothing for merchants, whatever it is, but for their own; and theirs is nothing for attendants", async () => {
    const before = written();
    const cinema = await desk.as("cinema");
    const refused = { status: 403, code: "attendants_only" };
    for (const [path, right] of POSTS)
      expect(await desk.refusal(await desk.post(pathOf(path), right, cinema))).toEqual(refused);
    for (const path of [...BARE, "lanes/exit/vend", "modes", "counts", "passback/reset"])
      expect(await desk.refusal(await desk.post(pathOf(path), {}, cinema))).toEqual(refused);
    for (const path of [
      "stays",
      `stays/${stay}`,
      "shift",
      "shifts",
      "receipts",
      "tariff",
      "live",
      "alarms",
      "reconciliation",
    ])
      expect(await desk.refusal(await desk.get(pathOf(path), cinema))).toEqual(refused);
    const body = { ticket_number: "PKM-1", offer: "film", idempotency_key: key };
    expect(await desk.refusal(await desk.post("/api/merchant/validate", body))).toEqual({
      status: 403,
      code: "merchants_only",
    });
    for (const [field, value] of [
      ["ticket_number", ""],
      ["ticket_number", "x".repeat(257)],
      ["offer", 7],
      ["idempotency_key", "x"],
    ] as const)
      expect(
        await desk.refusal(await desk.post("/api/merchant/validate", { ...body, [field]: value }, cinema)),
      ).toEqual({ status: 400, code: "invalid_body", field });
    expect(written()).toEqual(before);
  });
});
