import { describe, expect, it } from "vitest";
import { createGateApi } from "./api.ts";

type Call = { readonly url: unknown; readonly init: RequestInit };

function gate(answer: () => Response | Promise<Response>) {
  const calls: Call[] = [];
  let signedOut = 0;
  const api = createGateApi(
    async (input, init) => {
      calls.push({ url: input, init: init ?? {} });
      return answer();
    },
    () => signedOut++,
  );
  return { api, calls, signedOut: () => signedOut };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

const KEY = "01890000-0000-7000-8000-000000000001";
const CASH = { stay_id: KEY, amount_minor: 1200, tendered_minor: 2000, idempotency_key: KEY };

describe("the gate's calls", () => {
  it("post JSON with the header that a foreign page cannot send", async () => {
    const { api, calls } = gate(() => json(200, { payment_id: KEY, change_minor: 800 }));
    expect(await api.takeCash("exit 1/a", CASH)).toEqual({
      kind: "done",
      value: { payment_id: KEY, change_minor: 800 },
    });
    expect(calls[0]?.url).toBe("/api/lanes/exit%201%2Fa/cash");
    expect(calls[0]?.init.method).toBe("POST");
    expect(calls[0]?.init.headers).toMatchObject({ "x-parkme": "1", "content-type": "application/json" });
    expect(calls[0]?.init.body).toBe(JSON.stringify(CASH));
  });

  it("name what they act on in the path, and say the rest in the body", async () => {
    const { api, calls } = gate(() => json(200, { done: true }));
    await api.hold("exit 1", { reason: "queue to the street" });
    await api.turn("swing", { direction: "exit" });
    await api.setMode({ scope: "zone", name: "ev", mode: "closed", reason: "works" });
    await api.correctCount({ zone: null, count: 47, reason: "counted", idempotency_key: KEY });
    await api.resetPassback({ reason: "event", idempotency_key: KEY });
    expect(await api.acknowledge("../7")).toEqual({ kind: "done", value: { done: true } });
    expect(calls.map(({ url }) => url)).toEqual([
      "/api/lanes/exit%201/hold",
      "/api/lanes/swing/turn",
      "/api/modes",
      "/api/counts",
      "/api/passback/reset",
      "/api/alarms/..%2F7/ack",
    ]);
    expect(calls.map(({ init }) => init.method)).toEqual(Array.from({ length: 6 }, () => "POST"));
    expect(calls[1]?.init.body).toBe('{"direction":"exit"}');
    expect(calls[5]?.init.body).toBeUndefined();
  });

  it("read alarms, and none that make no sense", async () => {
    const alarm = {
      alarm_id: KEY,
      lane: "exit",
      kind: "tailgate",
      detail: "",
      started_at: "2025-11-22T11:00:05Z",
      ended_at: "2025-11-22T11:00:05Z",
      acknowledged_at: null,
      acknowledged_by: null,
    };
    const { api, calls } = gate(() => json(200, { alarms: [alarm] }));
    expect(await api.alarms(100)).toEqual({ kind: "done", value: { alarms: [alarm] } });
    expect(calls[0]?.url).toBe("/api/alarms?limit=100");
    const nonsense = gate(() => json(200, { alarms: [{ ...alarm, kind: "ufo" }] }));
    expect(await nonsense.api.alarms(100)).toMatchObject({ kind: "unanswered" });
  });

  it("take a 204 for done", async () => {
    const { api } = gate(() => new Response(null, { status: 204 }));
    expect(await api.signIn({ name: "alex", pin: "1234" })).toEqual({ kind: "done", value: null });
  });

  it("pass the gate's own words on when it refuses", async () => {
    const { api } = gate(() => json(409, { code: "fee_changed", detail: "Nothing was taken." }));
    expect(await api.takeCash("exit", CASH)).toMatchObject({
      kind: "refused",
      code: "fee_changed",
      message: "Nothing was taken.",
    });
  });

  it("find words when the gate has none", async () => {
    const { api } = gate(() => new Response("<html>", { status: 409 }));
    expect(await api.vend("exit", { reason: "goodwill", idempotency_key: KEY })).toMatchObject({
      kind: "refused",
      message: "The lane cannot do this now.",
    });
  });

  it.each([
    ["a broken connection", () => Promise.reject(new TypeError("failed to fetch"))],
    ["a server error, which may have come after the deed", () => json(500, { detail: "oops" })],
    ["an answer that makes no sense", () => json(200, { change_minor: -1 })],
    ["an answer that is not JSON", () => new Response("ok", { status: 200 })],
  ])("leave the outcome open after %s", async (_what, answer) => {
    const { api } = gate(answer);
    expect(await api.takeCash("exit", CASH)).toMatchObject({ kind: "unanswered" });
  });
});

describe("the session", () => {
  it("ends the desk wherever the gate no longer knows it", async () => {
    const { api, signedOut } = gate(() => json(401, {}));
    expect(await api.reset("exit", { reason: "looked at it" })).toEqual({ kind: "signed_out" });
    expect(signedOut()).toBe(1);
  });

  it("tells a wrong PIN from an ended session", async () => {
    const { api, signedOut } = gate(() => json(401, {}));
    expect(await api.signIn({ name: "alex", pin: "0" })).toMatchObject({ kind: "refused", status: 401 });
    expect(signedOut()).toBe(0);
  });

  it.each([
    ["27", 27],
    ["0", 1],
    ["999999", 900],
    ["Wed, 21 Oct 2026 07:28:00 GMT", 60],
  ])("reads a wait of %s as %i s", async (header, retryAfterS) => {
    const { api } = gate(() => json(429, {}, { "retry-after": header }));
    expect(await api.signIn({ name: "alex", pin: "0" })).toEqual({
      kind: "refused",
      status: 429,
      code: "",
      message: "Too many tries.",
      retryAfterS,
    });
  });
});
