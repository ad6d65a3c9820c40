import { describe, expect, it } from "vitest";
import {
  createAttemptLimiter,
  judgeRefresh,
  mayManage,
  oneMoreWrong,
  passwordProblem,
  secondsLocked,
  signInExpiry,
} from "./rules.ts";

describe("createAttemptLimiter", () => {
  it("allows the limit in a window, tells how long to wait, and allows again afterwards", () => {
    const limiter = createAttemptLimiter(2, 60_000, 10);
    expect([limiter.take("a", 0), limiter.take("a", 10_000)]).toEqual([0, 0]);
    expect(limiter.take("a", 20_000)).toBe(40);
    expect(limiter.take("a", 59_999)).toBe(1);
    expect(limiter.take("a", 60_000)).toBe(0);
  });

  it("counts every key for itself", () => {
    const limiter = createAttemptLimiter(1, 60_000, 10);
    expect([limiter.take("a", 0), limiter.take("b", 0)]).toEqual([0, 0]);
    expect(limiter.take("a", 1)).toBeGreaterThan(0);
  });

  it("takes a good attempt back", () => {
    const limiter = createAttemptLimiter(1, 60_000, 10);
    limiter.take("a", 0);
    limiter.giveBack("a");
    expect(limiter.take("a", 1)).toBe(0);
  });

  it("forgets the key it saw first when there are too many", () => {
    const limiter = createAttemptLimiter(1, 60_000, 2);
    for (const key of ["a", "b", "c"]) limiter.take(key, 0);
    expect(limiter.take("c", 1)).toBeGreaterThan(0);
    expect(limiter.take("b", 1)).toBeGreaterThan(0);
    expect(limiter.take("a", 1)).toBe(0);
  });
});

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms);

describe("wrong passwords in a row", () => {
  const after = (count: number) => {
    let wrong: ReturnType<typeof oneMoreWrong> | null = null;
    for (let each = 0; each < count; each++) wrong = oneMoreWrong(wrong, at(0));
    return secondsLocked(wrong, at(0));
  };

  it("cost nothing nine times, and from the tenth on a wait that doubles up to an hour", () => {
    expect([1, 9, 10, 11, 12, 15, 16, 17, 60].map(after)).toEqual([
      0, 0, 60, 120, 240, 1_920, 3_600, 3_600, 3_600,
    ]);
  });

  it("are forgotten after a day without one", () => {
    const old = { count: 40, lastAt: at(0), lockedUntil: at(3_600_000) };
    expect(oneMoreWrong(old, at(24 * 3_600_000 - 1)).count).toBe(41);
    expect(oneMoreWrong(old, at(24 * 3_600_000))).toEqual({
      count: 1,
      lastAt: at(24 * 3_600_000),
      lockedUntil: null,
    });
  });
});

describe("judgeRefresh", () => {
  const facts = (spentAt: Date | null) => ({
    expiresAt: at(1_000_000),
    spentAt,
    signIn: { expiresAt: at(1_000_000), revokedAt: null },
  });

  it("takes a token once, and again for ten seconds", () => {
    expect(judgeRefresh(facts(null), at(0))).toBe("good");
    expect(judgeRefresh(facts(at(0)), at(10_000))).toBe("good");
    expect(judgeRefresh(facts(at(0)), at(10_001))).toBe("reused");
  });

  it("takes nothing of what is over", () => {
    expect(judgeRefresh(facts(null), at(1_000_000))).toBe("over");
    const revoked = { ...facts(null), signIn: { expiresAt: at(9e9), revokedAt: at(0) } };
    expect(judgeRefresh(revoked, at(1))).toBe("over");
    // A revoked one is not told apart from one that was revoked for reuse.
    expect(judgeRefresh({ ...revoked, spentAt: at(0) }, at(60_000))).toBe("over");
  });

  it("lasts a month from its last use, and a year in all", () => {
    const day = 24 * 3_600_000;
    expect(signInExpiry(at(0), at(5 * day))).toEqual(at(35 * day));
    expect(signInExpiry(at(0), at(360 * day))).toEqual(at(365 * day));
  });
});

describe("passwordProblem", () => {
  it.each([
    "short1!",
    "aaaaaaaaaaaa",
    "abababababab",
    "Password",
    "PASSWORD1",
    "qwerty123",
    "parkmeparkme",
    "driver@example.test",
  ])("refuses %s", (password) => {
    expect(passwordProblem(password, "driver@example.test")).not.toBeNull();
  });

  it.each(["correct horse battery", "пароль-из-слов", "🚗🚕🚙🚌🚎🏎🚓🚑", "k9#v2!qz"])(
    "takes %s",
    (password) => {
      expect(passwordProblem(password, "driver@example.test")).toBeNull();
    },
  );
});

describe("mayManage", () => {
  const roles = ["admin", "owner", "staff", "driver"] as const;
  const organisations = ["one", "two", null] as const;
  const whom = roles.flatMap((role) => organisations.map((organisationId) => ({ role, organisationId })));

  it("lets admins manage everybody", () => {
    expect(whom.every((each) => mayManage({ role: "admin", organisationId: null }, each))).toBe(true);
  });

  it("lets owners manage their own owners and staff, and nobody else", () => {
    const managed = whom.filter((each) => mayManage({ role: "owner", organisationId: "one" }, each));
    expect(managed).toEqual([
      { role: "owner", organisationId: "one" },
      { role: "staff", organisationId: "one" },
    ]);
    expect(whom.some((each) => mayManage({ role: "owner", organisationId: null }, each))).toBe(false);
  });

  it("lets nobody else manage anybody", () => {
    for (const role of ["staff", "driver"])
      expect(whom.some((each) => mayManage({ role, organisationId: "one" }, each))).toBe(false);
  });
});
