import { z } from "zod";
import {
  actionDoneSchema,
  alarmsSchema,
  cashTakenSchema,
  sessionSchema,
  type Cash,
  type Count,
  type Hold,
  type Passback,
  type Reset,
  type SetMode,
  type SignIn,
  type Turn,
  type Vend,
} from "@parkme/shared/protocol/kiosk";
import type { Answer } from "./answer.ts";
import { createMoneyApi } from "./money-api.ts";
import type { Request } from "./request.ts";

/** The barrier's answer is a matter of milliseconds; after this the attendant is told that there was none. */
const ANSWER_TIMEOUT_MS = 8_000;
const MAX_RETRY_AFTER_S = 900;
const DEFAULT_RETRY_AFTER_S = 60;

const problemSchema = z.object({ code: z.string().max(60).default(""), detail: z.string().min(1).max(500) });
const nothing = z.null();

/**
 * The gate's HTTP calls, none of which throws. `onSignedOut` is told whenever the gate no longer knows the
 * session, whatever the call was.
 */
export function createGateApi(fetcher: typeof fetch, onSignedOut: () => void) {
  async function inSession<T>(request: Request<T>): Promise<Answer<T>> {
    const answer = await call(fetcher, request);
    if (answer.kind === "signed_out") onSignedOut();
    return answer;
  }
  const lanePath = (lane: string, action: string): string =>
    `/api/lanes/${encodeURIComponent(lane)}/${action}`;
  const act = (path: string, body?: unknown) =>
    inSession({ method: "POST", path, ...(body === undefined ? {} : { body }), schema: actionDoneSchema });
  return {
    session: () => call(fetcher, { method: "GET", path: "/api/session", schema: sessionSchema }),
    signOut: () => call(fetcher, { method: "DELETE", path: "/api/session", schema: nothing }),
    signIn: async (body: SignIn): Promise<Exclude<Answer<null>, { kind: "signed_out" }>> => {
      const answer = await call(fetcher, { method: "POST", path: "/api/session", body, schema: nothing });
      if (answer.kind !== "signed_out") return answer;
      return {
        kind: "refused",
        status: 401,
        code: "",
        message: "Name and PIN do not match.",
        retryAfterS: 0,
      };
    },
    takeCash: (lane: string, body: Cash) =>
      inSession({ method: "POST", path: lanePath(lane, "cash"), body, schema: cashTakenSchema }),
    vend: (lane: string, body: Vend) => act(lanePath(lane, "vend"), body),
    reset: (lane: string, body: Reset) => act(lanePath(lane, "reset"), body),
    hold: (lane: string, body: Hold) => act(lanePath(lane, "hold"), body),
    turn: (lane: string, body: Turn) => act(lanePath(lane, "turn"), body),
    setMode: (body: SetMode) => act("/api/modes", body),
    correctCount: (body: Count) => act("/api/counts", body),
    resetPassback: (body: Passback) => act("/api/passback/reset", body),
    acknowledge: (alarmId: string) => act(`/api/alarms/${encodeURIComponent(alarmId)}/ack`),
    /** The latest alarms, over or not. */
    alarms: (limit: number) =>
      inSession({ method: "GET", path: `/api/alarms?limit=${limit}`, schema: alarmsSchema }),
    money: createMoneyApi(inSession),
  };
}
export type GateApi = ReturnType<typeof createGateApi>;

async function call<T>(
  fetcher: typeof fetch,
  { method, path, body, schema }: Request<T>,
): Promise<Answer<T>> {
  let status: number;
  let retryAfterS: number;
  let json: unknown;
  try {
    const headers: Record<string, string> = { accept: "application/json", "x-parkme": "1" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetcher(path, {
      method,
      headers,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    status = response.status;
    retryAfterS = readRetryAfter(response.headers.get("retry-after"));
    json = readJson(await response.text());
  } catch {
    return { kind: "unanswered", message: "The gate does not answer." };
  }
  if (status === 401) return { kind: "signed_out" };
  if (status >= 400 && status < 500) {
    const problem = problemSchema.safeParse(json);
    return {
      kind: "refused",
      status,
      code: problem.success ? problem.data.code : "",
      message: problem.success ? problem.data.detail : inWords(status),
      retryAfterS,
    };
  }
  const value = schema.safeParse(json);
  if (status >= 200 && status < 300 && value.success) return { kind: "done", value: value.data };
  return { kind: "unanswered", message: "The gate's answer could not be understood." };
}

/** Null for an empty body, which is what 204 has; undefined, which no schema takes, for text that is not JSON. */
function readJson(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function inWords(status: number): string {
  if (status === 409) return "The lane cannot do this now.";
  if (status === 429) return "Too many tries.";
  return "The gate refused this.";
}

/** Seconds of a Retry-After header; dates and nonsense count as the default. */
function readRetryAfter(header: string | null): number {
  if (header === null || !/^\d{1,6}$/.test(header)) return DEFAULT_RETRY_AFTER_S;
  return Math.min(Math.max(1, Number(header)), MAX_RETRY_AFTER_S);
}
