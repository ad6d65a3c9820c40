import { randomUUID } from "node:crypto";
import {
  paidSchema,
  reconciliationSchema,
  shiftNowSchema,
  shiftReportSchema,
  staysFoundSchema,
  stayViewSchema,
  type Paid,
  type Reconciliation,
  type ShiftNow,
  type ShiftReport,
  type StayRow,
  type StayView,
} from "@parkme/shared/protocol/kiosk-desk";

/** People with a session of their own at an agent: what they ask for by HTTP, and what they are answered. */

export type Answer = {
  readonly status: number;
  /** Of problem details: the stable code. */
  readonly code: string | null;
  readonly body: unknown;
};

/** Somebody who has signed in: an attendant or a merchant. */
export type Person = {
  /** Any request; a body that is text is sent as it stands. */
  readonly ask: (method: "GET" | "POST", path: string, body?: unknown) => Promise<Answer>;
  readonly post: (path: string, body: object) => Promise<Answer>;
};

const ANSWER_MS = 30_000;

export async function signIn(url: string, name: string, pin: string): Promise<Person> {
  const send = (method: string, path: string, body: unknown, cookie: string): Promise<Response> =>
    fetch(new URL(path, url), {
      method,
      headers: { "x-parkme": "1", "content-type": "application/json", cookie },
      signal: AbortSignal.timeout(ANSWER_MS),
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  const session = await send("POST", "/api/session", { name, pin }, "");
  if (session.status !== 204) throw new Error(`${name} could not sign in: ${session.status}`);
  const cookie = session.headers
    .getSetCookie()
    .map((one) => one.split(";", 1)[0])
    .join("; ");
  const ask: Person["ask"] = async (method, path, body) => {
    const answer = await send(method, path, body, cookie);
    const text = await answer.text();
    const read: unknown = text === "" ? null : JSON.parse(text);
    return { status: answer.status, code: codeOf(read), body: read };
  };
  return { ask, post: (path, body) => ask("POST", path, body) };
}

function codeOf(body: unknown): string | null {
  if (typeof body !== "object" || body === null || !("code" in body)) return null;
  return typeof body.code === "string" ? body.code : null;
}

/** An attendant's work at the pay desk. What is refused where it must not be throws, with the reason. */
export type Cashier = Person & {
  /** By ticket number or plate; exactly one must be found. */
  readonly find: (words: string) => Promise<StayRow>;
  readonly look: (stayId: string) => Promise<StayView>;
  /** One of the acts on a stay: what the stay is then. */
  readonly act: (stayId: string, act: string, body: object) => Promise<StayView>;
  /** What is due now, in cash. */
  readonly takeCash: (stayId: string, tenderedMinor?: number) => Promise<Paid & { readonly amount: number }>;
  readonly shift: () => Promise<ShiftNow>;
  readonly report: (shiftId: string) => Promise<ShiftReport>;
  readonly reconcile: () => Promise<Reconciliation>;
};

export async function openCashDesk(url: string, name: string, pin: string): Promise<Cashier> {
  const person = await signIn(url, name, pin);
  const get = async (path: string): Promise<unknown> => done(path, await person.ask("GET", path));
  const look: Cashier["look"] = async (stayId) => stayViewSchema.parse(await get(`/api/stays/${stayId}`));
  return {
    ...person,
    look,
    find: async (words) => {
      const { stays } = staysFoundSchema.parse(await get(`/api/stays?q=${encodeURIComponent(words)}`));
      const [found, ...more] = stays;
      if (found === undefined || more.length > 0) throw new Error(`${stays.length} stays fit ${words}`);
      return found;
    },
    act: async (stayId, act, body) => {
      const path = `/api/stays/${stayId}/${act}`;
      return stayViewSchema.parse(done(path, await person.post(path, body)));
    },
    takeCash: async (stayId, tenderedMinor) => {
      const path = `/api/stays/${stayId}/payments`;
      for (;;) {
        const amount = (await look(stayId)).due_minor ?? 0;
        const tendered_minor = tenderedMinor ?? amount;
        const answer = await person.post(path, { ...cash(amount), tendered_minor });
        // A new minute may have begun since it was looked at.
        if (answer.code === "fee_changed") continue;
        return { ...paidSchema.parse(done(path, answer)), amount };
      }
    },
    shift: async () => shiftNowSchema.parse(await get("/api/shift")),
    report: async (shiftId) => shiftReportSchema.parse(await get(`/api/shifts/${shiftId}/report`)),
    reconcile: async () => reconciliationSchema.parse(await get("/api/reconciliation")),
  };
}

/** The body of a payment in cash that needs no change, under a key of its own. */
export function cash(amountMinor: number) {
  return {
    method: "cash",
    amount_minor: amountMinor,
    tendered_minor: amountMinor,
    idempotency_key: randomUUID(),
  };
}

/** A reason, and a key that makes the act one of its own. */
export function because(reason: string) {
  return { reason, idempotency_key: randomUUID() };
}

function done(what: string, { status, body }: Answer): unknown {
  if (status >= 300) throw new Error(`${what}: ${status} ${JSON.stringify(body)}`);
  return body;
}
