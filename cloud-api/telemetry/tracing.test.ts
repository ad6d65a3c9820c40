import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn } from "../testing/people.ts";
import { createLog } from "./log.ts";
import { startTracing, type Tracing } from "./tracing.ts";

type Span = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[];
};

let collector: Server;
let tracing: Tracing;
let cloud: TestCloud;
let logged = "";
const spans: Span[] = [];
beforeAll(async () => {
  collector = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      const { resourceSpans } = JSON.parse(text) as {
        resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
      };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      response.setHeader("content-type", "application/json").end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  tracing = startTracing(`http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`);
  cloud = await startTestCloud({
    log: createLog("debug", {
      write(line: string) {
        logged += line;
      },
    }),
  });
});
afterAll(async () => {
  await cloud.stop();
  await tracing.close();
  collector.close();
  collector.closeAllConnections();
});

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";

describe("traces", () => {
  it("have a request below its caller's span, and its transaction below it; the log names them", async () => {
    const driver = await signedIn(cloud, "driver");
    const headers = { traceparent: `00-${TRACE}-${PARENT}-01` };
    const answer = await driver.ask("GET", "/api/users/me/?secret=QQQ7XYZ", undefined, headers);
    expect(answer.status).toBeLessThan(500);
    await driver.ask("GET", "/api/bookings/", undefined, headers);
    await tracing.flush();

    const request = spans.find(({ traceId, name }) => traceId === TRACE && name === "GET /api/bookings");
    expect(request?.parentSpanId).toBe(PARENT);
    const attribute = (key: string) => request?.attributes.find((one) => one.key === key)?.value;
    expect(attribute("http.route")).toEqual({ stringValue: "/api/bookings" });
    expect(attribute("http.response.status_code")).toEqual({ intValue: 200 });
    const below = spans.filter(({ parentSpanId }) => parentSpanId === request?.spanId);
    expect(below.map(({ name }) => name)).toContain("database transaction");
    expect(logged).toContain(`"trace_id":"${TRACE}"`);
    expect(JSON.stringify(spans)).not.toContain("QQQ7XYZ");
  });
});
