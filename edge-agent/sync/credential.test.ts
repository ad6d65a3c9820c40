import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../devices/testing/until.ts";
import { httpRequest, jsonOf } from "./cloud-http.ts";
import {
  authorised,
  CredentialError,
  enrolledCredential,
  type Identity,
  staticCredential,
} from "./credential.ts";
import { keyPair, startTokenCloud } from "./testing/token-cloud.ts";

const KEY = "3f2c8a10-0000-4000-8000-000000000001";
const OTHER_KEY = "3f2c8a10-0000-4000-8000-000000000002";
const TEN_YEARS_MS = 10 * 365 * 86_400_000;

type TokenCloud = Awaited<ReturnType<typeof startTokenCloud>>;
let cloud: TokenCloud;
let doom: Parameters<typeof startTokenCloud>[0];
let time: { wallMs: number; monotonicMs: number };
let identity: Identity | null;
let states: string[];
beforeEach(async () => {
  doom = () => undefined;
  cloud = await startTokenCloud((path) => doom?.(path));
  const pair = keyPair(KEY);
  cloud.keys.set(KEY, pair.publicKey);
  identity = pair.identity;
  time = { wallMs: Date.UTC(2026, 6, 15), monotonicMs: 5_000 };
  states = [];
});
afterEach(() => cloud.down());

const never = new AbortController().signal;

function credential() {
  return enrolledCredential({
    cloud: { url: cloud.url, requestTimeoutMs: 2_000 },
    identity: () => identity,
    clock: { wallMs: () => time.wallMs, monotonicMs: () => time.monotonicMs },
    changed: (state) => states.push(state),
  });
}

/** What goes wrong, by its kind. */
async function kindOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (error: unknown) => (error instanceof CredentialError ? error.kind : String(error)),
  );
}

const fetches = () => cloud.asked.filter((path) => path === "/api/edge/token").length;

async function work(token: string) {
  const headers = { authorization: `Bearer ${token}` };
  const { status, bytes } = await httpRequest({ url: cloud.url }, { path: "/api/edge/work", headers }, never);
  return { status, body: jsonOf(bytes) };
}

describe("a token", () => {
  it("is fetched once, and again when four fifths of its life are over", async () => {
    const its = credential();
    const first = await its.token(never);
    expect(await work(first)).toEqual({ status: 200, body: { by: KEY } });
    time.monotonicMs += 479_999;
    expect(await its.token(never)).toBe(first);
    time.monotonicMs += 1;
    const second = await its.token(never);
    expect(second).not.toBe(first);
    expect(fetches()).toBe(2);
    expect(its.edgeId()).toBe(identity?.edgeId);
  });

  it.each([TEN_YEARS_MS, -TEN_YEARS_MS])("lasts as long when the wall clock steps by %d ms", async (step) => {
    const its = credential();
    const first = await its.token(never);
    time.wallMs += step;
    expect(await its.token(never)).toBe(first);
    time.monotonicMs += 480_000;
    expect(await work(await its.token(never))).toMatchObject({ status: 200 });
    expect(fetches()).toBe(2);
  });

  it("is asked for by one request, whoever else asks meanwhile", async () => {
    const its = credential();
    const tokens = await Promise.all(
      Array.from({ length: 20 }, () => its.token(new AbortController().signal)),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(cloud.asked).toEqual(["/api/edge/nonce", "/api/edge/token"]);
  });

  it("still comes when another who asked for it has stopped", async () => {
    const its = credential();
    const [one, other] = [new AbortController(), new AbortController()];
    const waits = [kindOf(its.token(one.signal)), its.token(other.signal)] as const;
    one.abort();
    expect(await waits[0]).toBe("unreachable");
    expect(await work(await waits[1])).toMatchObject({ status: 200 });
    expect(fetches()).toBe(1);
  });

  it("that nobody waits for any more is given up, and holds up nobody who comes later", async () => {
    doom = () => "silence";
    const its = credential();
    const stopping = new AbortController();
    const wait = kindOf(its.token(stopping.signal));
    await until(() => cloud.asked.length === 1, "the request");
    stopping.abort();
    expect(await wait).toBe("unreachable");
    doom = () => undefined;
    expect(await work(await its.token(never))).toMatchObject({ status: 200 });
    expect(await kindOf(its.token(stopping.signal))).toBe("none");
  });

  it("that is still good is used on when the cloud gives no other, to its end and not beyond", async () => {
    const its = credential();
    const first = await its.token(never);
    doom = () => ({ status: 503, body: "{}" });
    time.monotonicMs += 599_999;
    expect(await its.token(never)).toBe(first);
    time.monotonicMs += 1;
    expect(await kindOf(its.token(never))).toBe("unreachable");
    expect(its.state()).toBe("ready");
    doom = () => undefined;
    expect(await its.token(never)).not.toBe(first);
    expect(states).toEqual([]);
  });

  it.each([
    { status: 200, body: "{}" },
    { status: 200, body: "<html>the hotel's network</html>" },
    { status: 200, body: JSON.stringify({ nonce: 7, token: "", expires_in_s: -1 }) },
    { status: 200, body: "x".repeat(100_000) },
    { status: 302, body: "" },
    { status: 403, body: '{"code":"revoked"}' },
    { status: 429, body: "{}" },
    { status: 500, body: "{" },
  ])("is not there as long as something answers $status", async (answer) => {
    doom = () => answer;
    const its = credential();
    expect(await kindOf(its.token(never))).toBe("unreachable");
    expect(its.state()).toBe("ready");
  });
});

describe("a request", () => {
  it("goes out once more with a fresh token when its own is over, and not a third time", async () => {
    const its = credential();
    const first = await its.token(never);
    cloud.expire();
    const sent: string[] = [];
    const send = async (token: string) => {
      sent.push(token);
      return await work(token);
    };
    expect(await authorised(its, never, send)).toEqual({ status: 200, body: { by: KEY } });
    expect(sent).toEqual([first, await its.token(never)]);

    const refused = await authorised(its, never, (token) => {
      sent.push(token);
      return Promise.resolve({ status: 401, body: null });
    });
    expect(refused.status).toBe(401);
    expect(sent).toHaveLength(4);
  });

  it("of an edge that was revoked fails as such, until it is enrolled anew", async () => {
    const its = credential();
    expect(await authorised(its, never, work)).toMatchObject({ status: 200 });
    cloud.revoked.add(KEY);
    expect(await kindOf(authorised(its, never, work))).toBe("revoked");
    expect(await kindOf(authorised(its, never, work))).toBe("revoked");
    expect(states).toEqual(["revoked"]);
    const pair = keyPair(OTHER_KEY);
    cloud.keys.set(OTHER_KEY, pair.publicKey);
    identity = pair.identity;
    expect(await authorised(its, never, work)).toEqual({ status: 200, body: { by: OTHER_KEY } });
    expect(states).toEqual(["revoked", "ready"]);
  });

  it("uses the key of another enrolment at once, though the token of the one before is good", async () => {
    const its = credential();
    await authorised(its, never, work);
    const pair = keyPair(OTHER_KEY);
    cloud.keys.set(OTHER_KEY, pair.publicKey);
    identity = pair.identity;
    expect(await authorised(its, never, work)).toEqual({ status: 200, body: { by: OTHER_KEY } });
  });

  it("of an edge that is not enrolled fails as such, until it is", async () => {
    const enrolled = identity;
    identity = null;
    const its = credential();
    expect(its.state()).toBe("not_enrolled");
    expect(its.edgeId()).toBeNull();
    expect(await kindOf(authorised(its, never, work))).toBe("not_enrolled");
    expect(cloud.asked).toEqual([]);
    identity = enrolled;
    expect(await authorised(its, never, work)).toMatchObject({ status: 200 });
    expect(states).toEqual(["ready"]);
  });

  it("with a key that the cloud does not know, or that is not the one that it knows, is refused", async () => {
    cloud.keys.clear();
    const its = credential();
    expect(await kindOf(authorised(its, never, work))).toBe("refused");
    cloud.keys.set(KEY, keyPair(KEY).publicKey);
    expect(await kindOf(authorised(its, never, work))).toBe("refused");
    expect(states).toEqual(["refused"]);
  });
});

describe("a token from a file", () => {
  it("is always the same, and says what became of it", async () => {
    const its = staticCredential("an-edge", "a-token", (state) => states.push(state));
    const answers = [
      { status: 200, body: {} },
      { status: 401, body: { code: "revoked" } },
      { status: 401, body: { code: "unknown_edge" } },
      { status: 401, body: null },
      { status: 503, body: null },
    ];
    for (const answer of answers)
      expect(await authorised(its, never, () => Promise.resolve(answer))).toBe(answer);
    expect(states).toEqual(["revoked", "refused"]);
    await authorised(its, never, () => Promise.resolve({ status: 204, body: null }));
    expect(states).toEqual(["revoked", "refused", "ready"]);
    expect([its.edgeId(), await its.token(never)]).toEqual(["an-edge", "a-token"]);
  });
});
