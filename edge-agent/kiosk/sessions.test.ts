import { randomBytes, scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createSessions } from "./sessions.ts";

/** Sessions whose PINs cost next to nothing to check, on clocks that the test moves. */
function createAt(nowMs = 1_000) {
  let monotonicMs = nowMs;
  let wallMs = Date.UTC(2026, 2, 1);
  const sessions = createSessions(
    [
      { name: "Alex", role: "attendant", title: "Alex", pin: "481516" },
      { name: "boss", role: "attendant", title: "boss", pin: "2342" },
    ],
    { wallMs: () => wallMs, monotonicMs: () => monotonicMs },
    { cost: 2 },
  );
  const signIn = async (name: string, pin: string, place = "a") =>
    (await sessions.signIn(name, pin, place)).kind;
  return {
    sessions,
    signIn,
    /** A session of the boss. */
    enter: async (): Promise<string> => {
      const outcome = await sessions.signIn("boss", "2342", "a");
      return outcome.kind === "in" ? outcome.token : "";
    },
    pass: (ms: number): void => void (monotonicMs += ms),
    stepWall: (ms: number): void => void (wallMs += ms),
  };
}

describe("sessions", () => {
  it("take the name without regard to case, and tell it as it is configured", async () => {
    const { sessions } = createAt();
    const outcome = await sessions.signIn("  aLEX ", "481516", "a");
    expect(outcome.kind === "in" && sessions.personOf(outcome.token)?.name).toBe("Alex");
  });

  it("do not mix up whose PIN it is", async () => {
    const { signIn } = createAt();
    expect(await signIn("Alex", "2342")).toBe("wrong");
    expect(await signIn("boss", "481516")).toBe("wrong");
    expect(await signIn("boss", "2342 ")).toBe("wrong");
    expect(await signIn("boss", "2342")).toBe("in");
  });

  it("count failures by place, and in windows of a minute", async () => {
    const { signIn, pass } = createAt();
    for (let i = 0; i < 5; i++) expect(await signIn("Alex", "0")).toBe("wrong");
    expect(await signIn("Alex", "481516")).toBe("later");
    expect(await signIn("Alex", "481516", "b")).toBe("in");
    pass(59_999);
    expect(await signIn("Alex", "481516")).toBe("later");
    pass(1);
    expect(await signIn("Alex", "0")).toBe("wrong");
    expect(await signIn("Alex", "481516")).toBe("in");
  });

  it("let five guesses through, also when a hundred come at the same moment", async () => {
    const { signIn } = createAt();
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => signIn("Alex", `${i}`)));
    expect(outcomes.filter((outcome) => outcome === "wrong")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "later")).toHaveLength(95);
  });

  it("do not count who gets in, nor what is refused for being too many", async () => {
    const { signIn, pass } = createAt();
    for (let i = 0; i < 20; i++) expect(await signIn("boss", "2342")).toBe("in");
    for (let i = 0; i < 50; i++) await signIn("Alex", "0");
    pass(60_000);
    expect(await signIn("Alex", "481516")).toBe("in");
  });

  it("remember a bounded number of places and of sessions, forgetting the oldest", async () => {
    const { sessions, signIn, enter } = createAt();
    const tokens: string[] = [];
    for (let i = 0; i < 201; i++) tokens.push(await enter());
    expect(new Set(tokens).size).toBe(201);
    expect(sessions.personOf(tokens[0])).toBeNull();
    expect(sessions.personOf(tokens[1])?.name).toBe("boss");
    for (let i = 0; i < 5; i++) await signIn("boss", "0", "first");
    expect(await signIn("boss", "2342", "first")).toBe("later");
    for (let i = 0; i < 1_000; i++) await signIn("boss", "0", `place ${i}`);
    expect(await signIn("boss", "2342", "first")).toBe("in");
  });

  it("last a shift of real time, whatever the wall clock does", async () => {
    const { sessions, enter, pass, stepWall } = createAt();
    const token = await enter();
    stepWall(10 * 365 * 86_400_000);
    expect(sessions.personOf(token)?.name).toBe("boss");
    pass(12 * 3_600_000 - 1);
    stepWall(-20 * 365 * 86_400_000);
    expect(sessions.personOf(token)?.name).toBe("boss");
    pass(1);
    expect(sessions.personOf(token)).toBeNull();
  });

  it("end when signed out, once and for that token only", async () => {
    const { sessions, enter } = createAt();
    const [one, two] = [await enter(), await enter()];
    sessions.signOut(one);
    sessions.signOut(one);
    sessions.signOut(undefined);
    expect(sessions.personOf(one)).toBeNull();
    expect(sessions.personOf(two)?.name).toBe("boss");
    expect(sessions.personOf(undefined)).toBeNull();
  });
});

describe("an attendant of the manifest", () => {
  const hashOf = (pin: string): string => {
    const salt = randomBytes(16);
    const hash = scryptSync(pin, salt, 32, { N: 4_096 });
    return `scrypt$12$${salt.toString("base64url")}$${hash.toString("base64url")}`;
  };

  it("signs in with the PIN that it has the hash of, also in place of the configuration's, until it is changed", async () => {
    const staff = new Map([
      ["zoë", { name: "Zoë", title: "Ms Zoë", pin: hashOf("1111") }],
      ["alex", { name: "Alex", pin: hashOf("2222") }],
      ["broken", { name: "broken", pin: "3333" }],
    ]);
    const clock = { wallMs: () => 0, monotonicMs: () => 1_000 };
    const alex = { name: "Alex", role: "attendant", title: "Alex", pin: "481516" } as const;
    const sessions = createSessions([alex], clock, { cost: 2, staff: (name) => staff.get(name) ?? null });
    const signIn = (name: string, pin: string) => sessions.signIn(name, pin, `${name} ${pin}`);
    const zoe = await signIn(" ZOË ", "1111");
    const other = await signIn("alex", "2222");
    if (zoe.kind !== "in" || other.kind !== "in") throw new Error("a right PIN was refused");
    expect(sessions.personOf(zoe.token)).toEqual({ name: "Zoë", title: "Ms Zoë", role: "attendant" });
    for (const [name, pin] of [
      ["zoë", "2222"],
      ["alex", "481516"],
      ["broken", "3333"],
      ["nobody", ""],
    ] as const)
      expect(await signIn(name, pin)).toEqual({ kind: "wrong" });
    staff.set("zoë", { name: "Zoë", title: "Ms Zoë", pin: hashOf("4444") });
    staff.delete("alex");
    expect([sessions.personOf(zoe.token), sessions.personOf(other.token)]).toEqual([null, null]);
    const again = await signIn("alex", "481516");
    if (again.kind !== "in") throw new Error("the configuration's PIN was refused");
    expect(sessions.personOf(again.token)?.name).toBe("Alex");
    staff.set("alex", { name: "Alex", pin: hashOf("2222") });
    expect(sessions.personOf(again.token)).toBeNull();
  });
});
