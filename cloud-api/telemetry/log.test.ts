import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACILITY_ID, startTestCloud, USER, type TestCloud } from "../testing/cloud.ts";
import { signedIn } from "../testing/people.ts";
import { createLog } from "./log.ts";
import { watchSlow } from "./slow-queries.ts";

let cloud: TestCloud;
let written = "";
const log = createLog("trace", {
  write(line: string) {
    written += line;
  },
});
beforeAll(async () => {
  cloud = await startTestCloud({ log });
});
afterAll(() => cloud.stop());

describe("the log", () => {
  it("has no token, password, plate or email, whatever requests carry and however they end", async () => {
    const staff = await signedIn(cloud, "staff");
    const [plate, password, key] = ["QQQ7XYZ", "a very secret passphrase", `pmk_${randomUUID()}`];
    const post = (path: string, body: unknown, headers = {}) =>
      cloud.app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-parkme": "1", ...headers },
        body: JSON.stringify(body),
      });
    await post("/api/session", { email: USER.email, password });
    await post("/api/session", { email: USER.email, password: USER.password });
    await post("/api/auth/token/", { email: USER.email, password: USER.password });
    await post("/api/users/", { email: "someone@example.test", password, password_confirm: password, plate });
    await staff.ask("POST", "/api/vehicles/", { plate, type: "car" });
    await staff.ask("POST", `/api/facilities/${FACILITY_ID}/lists/blocked/`, { plate, reason: "stolen" });
    await staff.ask("GET", `/api/stays/?plate=${plate}`);
    await cloud.app.request(`/api/facilities/?q=${plate}`, { headers: { authorization: `Bearer ${key}` } });
    const failed = await cloud.db.execute(sql`select ${plate}::uuid`).catch((error: unknown) => error);
    log.error({ err: failed }, "it failed");
    log.warn(`what is no state: ${staff.token}`);

    expect(written).toContain('"route":"/api/session"');
    expect(written).toContain('"sqlState":"22P02"');
    for (const secret of [
      plate,
      password,
      USER.password,
      key,
      staff.token,
      "someone@example.test",
      USER.email,
    ])
      expect(written).not.toContain(secret);
  });

  it("tells of slow statements without the values in them, and only of those", async () => {
    const seen: string[] = [];
    const watch = watchSlow(log, 100, (statement) => seen.push(statement));
    watch("select * from stays where plate = 'SLOW777'", 101.4);
    watch("select fast", 99);
    expect(seen).toHaveLength(2);
    const lines = written.split("\n").filter((line) => line.includes("a slow query"));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      ms: 101,
      statement: "select * from stays where plate = '…'",
    });
  });
});
