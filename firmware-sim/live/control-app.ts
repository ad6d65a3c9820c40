import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { problem, type Problem } from "@parkme/shared/domain/errors";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { NONCE, secureHeaders, type SecureHeadersVariables } from "hono/secure-headers";
import { streamSSE } from "hono/streaming";
import type { z } from "zod";
import type { Simulator } from "../simulator.ts";
import { createRandom } from "../traffic/random.ts";
import {
  type LiveState,
  departSchema,
  faultSchema,
  pauseSchema,
  speedSchema,
  vehicleSchema,
} from "./contract.ts";
import { mendAll, type Thing } from "./faults.ts";
import type { Journal } from "./journal.ts";
import { liveState, type Counters } from "./live-state.ts";
import { sendOut, sendVehicle } from "./send-vehicle.ts";

export type ControlOptions = {
  readonly simulator: Simulator;
  readonly things: readonly Thing[];
  readonly journal: Journal;
  readonly counters: Counters;
  /** As it is asked for; also by its loopback names. */
  readonly host: string;
  /** Folder of the built page. */
  readonly pageFolder: string;
};

type Env = { Variables: SecureHeadersVariables };

const MAX_BODY_BYTES = 4_096;
const MAX_PAGES = 20;
const FRAME_MS = 100;
const HEARTBEAT_MS = 1_000;
/** Stands in the page where a response's nonce belongs. */
const NONCE_MARK = "__CSP_NONCE__";

/** The control interface and its page, see contract.ts. */
export function createControlApp(options: ControlOptions): Hono<Env> {
  const app = new Hono<Env>();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", NONCE],
        imgSrc: ["'self'", "data:"],
        connectSrc: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
      strictTransportSecurity: false,
      referrerPolicy: "no-referrer",
    }),
  );
  refuseForeigners(app, options.host);
  const look = (): LiveState => liveState(options.simulator, options.things, options.counters);
  app.get("/state", (c) => c.json(look()));
  eventRoute(
    app,
    options.journal,
    shareFor(FRAME_MS / 2, () => JSON.stringify(look())),
  );
  faultRoutes(app, options);
  worldRoutes(app, options);
  app.get("/", async (c) => {
    const html = await readFile(join(options.pageFolder, "index.html"), "utf8").catch(() => null);
    if (html === null) return refuse(problem(404, "no_page", "The page was not built: npm run build."));
    c.header("cache-control", "no-cache");
    return c.html(html.replaceAll(NONCE_MARK, c.get("secureHeadersNonce") ?? ""));
  });
  app.use("/assets/*", serveStatic({ root: options.pageFolder }));
  app.notFound(() => refuse(problem(404, "not_found", "There is nothing here.")));
  app.onError((error) => refuse(problem(500, "internal", error.message)));
  return app;
}

/** A web page elsewhere must not drive the simulator, nor read it under a name of its own. */
function refuseForeigners(app: Hono<Env>, host: string): void {
  app.use(async (c, next) => {
    const asked = hostnameOf(c.req.header("host"));
    if (asked === null || (asked !== host && asked !== "localhost" && isIP(asked) === 0))
      return refuse(problem(403, "foreign_host", "Ask by the address that the simulator was given."));
    if (c.req.method === "GET" || c.req.method === "HEAD") return await next();
    const origin = c.req.header("origin");
    if (origin !== undefined && origin !== `http://${c.req.header("host")}`)
      return refuse(problem(403, "foreign_page", "A page of another origin may not do this."));
    if (c.req.method === "POST" && !/^application\/json\s*(;|$)/i.test(c.req.header("content-type") ?? ""))
      return refuse(problem(415, "not_json", "Send JSON, and say so: content-type: application/json."));
    return await next();
  });
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => refuse(problem(413, "too_large", "The request is too large.")),
    }),
  );
}

/** Of a Host header, without its port and brackets. */
function hostnameOf(host: string | undefined): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:]+)\]|([^:/\s]+))(?::\d{1,5})?$/.exec(host ?? "") ?? [];
  return bracketed ?? plain ?? null;
}

function faultRoutes(app: Hono<Env>, { things, journal }: ControlOptions): void {
  app.post("/faults", async (c) => {
    const read = await readBody(c, faultSchema);
    if (!read.ok) return read.response;
    const { target, what, on } = read.value;
    const thing = things.find((one) => one.target === target);
    if (thing === undefined) return refuse(problem(404, "no_thing", "There is no such thing.", "target"));
    const fault = thing.faults.find((one) => one.what === what);
    if (fault === undefined)
      return refuse(
        problem(404, "no_fault", `It has ${thing.faults.map((one) => one.what).join(", ")}.`, "what"),
      );
    if (fault.kind === "press" && !on)
      return refuse(problem(409, "over_at_once", "This is over as soon as it is done.", "on"));
    try {
      if (fault.kind === "press") fault.press();
      else fault.set(on);
    } catch (error) {
      return refuse(problem(409, "refused", error instanceof Error ? error.message : String(error)));
    }
    const where = thing.lane !== null && thing.kind === "contact" ? ` of ${thing.lane}` : "";
    journal.add("fault", `${thing.title}${where}: ${fault.title.toLowerCase()}${on ? "" : ", mended"}`);
    return c.body(null, 204);
  });
  app.delete("/faults", (c) => {
    mendAll(things);
    journal.add("fault", "Everything is mended");
    return c.body(null, 204);
  });
}

function worldRoutes(app: Hono<Env>, { simulator, journal }: ControlOptions): void {
  const random = createRandom(simulator.site.seed).fork("sent by hand");
  app.post("/vehicles", async (c) => {
    const read = await readBody(c, vehicleSchema);
    if (!read.ok) return read.response;
    const sent = sendVehicle(simulator, read.value, random);
    if (!sent.ok) return refuse(sent.error);
    journal.add("driver", `${sent.value.plate} was sent to ${sent.value.lane}`);
    return c.json(sent.value, 201);
  });
  app.post("/vehicles/:plate/depart", async (c) => {
    const read = await readBody(c, departSchema);
    if (!read.ok) return read.response;
    const gone = sendOut(simulator, c.req.param("plate"), read.value);
    if (!gone.ok) return refuse(gone.error);
    journal.add("driver", `${c.req.param("plate")} was told to leave`);
    return c.body(null, 204);
  });
  app.post("/speed", async (c) => {
    const read = await readBody(c, speedSchema);
    if (!read.ok) return read.response;
    simulator.pace.setSpeed(read.value.speed);
    return c.body(null, 204);
  });
  app.post("/pause", async (c) => {
    const read = await readBody(c, pauseSchema);
    if (!read.ok) return read.response;
    simulator.pace.pause(read.value.paused);
    return c.body(null, 204);
  });
}

/** A frame whenever something has moved, at most ten a second, and at least one a second. */
function eventRoute(app: Hono<Env>, journal: Journal, draw: () => string): void {
  let pages = 0;
  app.get("/events", (c) => {
    if (pages >= MAX_PAGES) return refuse(problem(503, "too_many_pages", "Too many pages are open."));
    pages += 1;
    return streamSSE(c, async (stream) => {
      let seq = 0;
      let last = "";
      let lastMs = -Infinity;
      try {
        while (!stream.aborted && !stream.closed) {
          for (const note of journal.since(seq)) {
            seq = note.seq;
            await stream.writeSSE({ event: "note", data: JSON.stringify(note) });
          }
          const frame = draw();
          if (frame !== last || performance.now() - lastMs >= HEARTBEAT_MS) {
            last = frame;
            lastMs = performance.now();
            await stream.writeSSE({ event: "state", data: frame });
          }
          await stream.sleep(FRAME_MS);
        }
      } finally {
        pages -= 1;
      }
    });
  });
}

/** Several who ask at about the same time are given the same. */
function shareFor(ms: number, make: () => string): () => string {
  let made = "";
  let madeMs = -Infinity;
  return () => {
    const nowMs = performance.now();
    if (nowMs - madeMs >= ms) {
      made = make();
      madeMs = nowMs;
    }
    return made;
  };
}

function refuse(body: Problem): Response {
  const headers = { "content-type": "application/problem+json" };
  return new Response(JSON.stringify(body), { status: body.status, headers });
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly response: Response };

async function readBody<T>(c: Context<Env>, schema: z.ZodType<T>): Promise<Read<T>> {
  const value: unknown = await c.req.json().catch(() => undefined);
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".");
  const detail = issue?.message ?? "What was sent is not valid.";
  const body = problem(400, "invalid_body", detail, field === "" ? undefined : field);
  return { ok: false, response: refuse(body) };
}
