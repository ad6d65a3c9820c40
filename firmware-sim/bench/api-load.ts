import { Agent, request } from "node:http";
import autocannon, { type Options } from "autocannon";
import { percentile } from "./report.ts";

/** Load on an address. */
export type Load = {
  readonly url: string;
  readonly connections: number;
  readonly seconds?: number;
  /** In all, instead of `seconds`. */
  readonly requests?: number;
  /** The next request. */
  readonly next: () => { method: "GET" | "POST"; path: string; body?: unknown };
  readonly headers?: Record<string, string>;
};

export type Loaded = {
  /** Answers of 200 to 299, a second. */
  readonly perSecond: number;
  readonly p95Ms: number;
  readonly statuses: ReadonlyMap<number, number>;
};

/**
 * Sends requests at even distances in time, whether those before were answered or not; latencies count from when each was
 * due, so that an answer that keeps others waiting shows in theirs.
 */
export async function pace(
  { url, connections, seconds, next }: Omit<Load, "requests"> & { readonly seconds: number },
  perSecond: number,
): Promise<Loaded> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const startMs = performance.now() + 50;
  const total = Math.round(seconds * perSecond);
  const answers: Promise<void>[] = [];
  for (let n = 0; n < total; n += 1) {
    const dueMs = startMs + (n * 1_000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((done) => setTimeout(done, waitMs));
    answers.push(
      ask(agent, url, next()).then((status) => {
        latenciesMs.push(performance.now() - dueMs);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
  }
  await Promise.all(answers);
  agent.destroy();
  return { perSecond, p95Ms: percentile(latenciesMs, 0.95), statuses };
}

async function ask(
  agent: Agent,
  url: string,
  { method, path, body }: ReturnType<Load["next"]>,
): Promise<number> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  return await new Promise((done, fail) => {
    const asked = request(`${url}${path}`, { agent, method, headers }, (response) => {
      response.resume();
      response.on("end", () => done(response.statusCode ?? 0));
      response.on("error", fail);
    });
    asked.on("error", fail);
    asked.end(text);
  });
}

/** Sends requests until the time is over. Answers come in any number; latencies are of all of them. */
export async function load({ url, connections, seconds, requests, next, headers }: Load): Promise<Loaded> {
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const startMs = performance.now();
  const options: Options = {
    url,
    connections,
    ...(requests === undefined ? { duration: seconds ?? 10 } : { amount: requests }),
    requests: [
      {
        setupRequest(request) {
          const { method, path, body } = next();
          const json = body === undefined ? {} : { "content-type": "application/json" };
          return {
            ...request,
            method,
            path,
            headers: { ...headers, ...json },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          };
        },
      },
    ],
  };
  await new Promise<void>((done, fail) => {
    const running = autocannon(options, (error: unknown) => {
      if (error === null || error === undefined) done();
      else fail(error instanceof Error ? error : new Error("the load could not run"));
    });
    running.on("response", (_client, status, _bytes, responseMs) => {
      latenciesMs.push(responseMs);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
  });
  const tookS = (performance.now() - startMs) / 1_000;
  const good = [...statuses]
    .filter(([status]) => status >= 200 && status < 300)
    .reduce((sum, [, n]) => sum + n, 0);
  return { perSecond: good / tookS, p95Ms: percentile(latenciesMs, 0.95), statuses };
}
