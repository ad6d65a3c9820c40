import { upgradeWebSocket } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { WebSocket, type RawData } from "ws";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import {
  LIVE_CLOSED,
  liveStateSchema,
  MAX_LIVE_BYTES,
  type LiveState,
} from "@parkme/shared/protocol/downlink";
import type { Db } from "../db/connection.ts";
import { limitBody, readJson, sendProblem } from "../http.ts";
import { edgeFinder, requireEdge, type EdgeEnv } from "./edge-auth.ts";
import type { EdgeSockets } from "./edge-sockets.ts";
import { keepLiveState, type StateOutcome } from "./live-state.queries.ts";
import type { Edge } from "./queries.ts";

type LiveDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly sockets: EdgeSockets;
  /** Called after a commit that changed what is shown of an edge's facility. */
  readonly onChange: (edge: Edge) => void;
  readonly log: { readonly warn: (fields: object, message: string) => void };
};

/**
 * `GET /api/edge/live`, the web socket of an edge: hints go down, its state comes up. `POST /api/edge/state`: the state
 * alone, where there is no web socket to be had; 204, or 403 `fenced`. See shared/protocol/downlink.
 */
export function liveRoutes(deps: LiveDeps): Hono<EdgeEnv> {
  const { db, clock } = deps;
  const routes = new Hono<EdgeEnv>({ strict: false });
  const door = requireEdge(db, clock);
  const edgeOf = edgeFinder(db, clock);

  routes.post("/api/edge/state", door, limitBody(MAX_LIVE_BYTES), async (c) => {
    const state = liveStateSchema.safeParse(await readJson(c));
    if (!state.success) {
      const issue = state.error.issues[0];
      return sendProblem(c, problem(400, "invalid", issue?.message ?? "not a state", issue?.path.join(".")));
    }
    const outcome = await keep(deps, c.get("edge"), state.data);
    if (outcome === "fenced")
      return sendProblem(c, problem(403, "fenced", "another program speaks for this edge"));
    return c.body(null, 204);
  });

  const upgrade = upgradeWebSocket((c: Context<EdgeEnv>) => {
    const edge = c.get("edge");
    const authorization = c.req.header("authorization");
    const mayStay = async (): Promise<boolean> => (await edgeOf(authorization)).ok;
    return {
      onOpen: (_event, { raw }) => {
        if (raw instanceof WebSocket) takeIn(deps, edge, raw, mayStay);
      },
    };
  });
  // What asks for no upgrade goes on to the second handler.
  routes.get("/api/edge/live", door, upgrade, (c) =>
    sendProblem(c, problem(426, "web_socket_only", "there is a web socket here, and nothing else")),
  );
  return routes;
}

async function keep({ db, clock, onChange }: LiveDeps, edge: Edge, state: LiveState): Promise<StateOutcome> {
  const outcome = await keepLiveState(db, edge, state, new Date(clock.wallMs()));
  if (outcome === "kept") onChange(edge);
  return outcome;
}

function takeIn(deps: LiveDeps, edge: Edge, socket: WebSocket, mayStay: () => Promise<boolean>): void {
  deps.sockets.add(edge.facilityId, socket, mayStay);
  const note = keeper(deps, edge, (code, why) => socket.close(code, why));
  socket.on("message", (data, isBinary) => {
    const state = isBinary ? null : readState(data);
    if (state !== null) return note(state);
    deps.log.warn({ edge: edge.id }, "a web socket said what is no state");
    socket.close(LIVE_CLOSED.not_understood, "this is no state");
  });
}

/** Keeps states one after another; of those that come while one is being written, the last. */
function keeper(
  deps: LiveDeps,
  edge: Edge,
  end: (code: number, why: string) => void,
): (state: LiveState) => void {
  let waiting: LiveState | null = null;
  let busy = false;
  async function run(): Promise<void> {
    busy = true;
    for (let state = waiting; state !== null; state = waiting) {
      waiting = null;
      try {
        if ((await keep(deps, edge, state)) === "fenced") end(LIVE_CLOSED.fenced, "another program speaks");
      } catch (error) {
        // The next state comes in some seconds.
        deps.log.warn({ err: error, edge: edge.id }, "a state was not kept");
      }
    }
    busy = false;
  }
  return (state) => {
    waiting = state;
    if (!busy) void run();
  };
}

function readState(data: RawData): LiveState | null {
  if (!(data instanceof Buffer)) return null;
  try {
    return liveStateSchema.safeParse(JSON.parse(data.toString("utf8"))).data ?? null;
  } catch {
    return null;
  }
}
