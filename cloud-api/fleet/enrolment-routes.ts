import { Hono, type Context } from "hono";
import type { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import {
  enrolmentSchema,
  tokenRequestSchema,
  type Enrolled,
  type EnrolmentCode,
  type NonceAnswer,
  type TokenAnswer,
} from "@parkme/shared/protocol/enrolment";
import { requireOwnPage } from "../accounts/guard.ts";
import { createAttemptLimiter } from "../accounts/rules.ts";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { limitBody, peerAddress, readJson, sendProblem, type AppEnv } from "../http.ts";
import { signingKey } from "./cloud-keys.queries.ts";
import { unauthorisedProblem } from "./edge-auth.ts";
import { issueToken, newNonce, TOKEN_SECONDS } from "./edge-tokens.ts";
import { enrol, makeEnrolmentCode, type EnrolmentOutcome } from "./enrolment.ts";
import { NONCE_SECONDS } from "./nonces.ts";

type EnrolmentDeps = { readonly db: Db; readonly clock: Clock };

const MAX_BODY_BYTES = 4_096;
const REMEMBERED_KEYS = 10_000;

/** A code has 80 bits: nobody guesses one at any rate that a machine can answer. These keep strangers from trying. */
const WINDOW_MS = 5 * 60_000;
const ATTEMPTS_BY_ADDRESS = 10;
const SHORT_WINDOW_MS = 60_000;
const ATTEMPTS_IN_ALL = 60;
/** Wrong signatures with one key's id, in the short window. */
const ASSERTIONS_BY_KEY = 10;

/** `/api/edge/enrol`, `/nonce` and `/token` for edges, and `/api/facilities/:id/enrolments` for people. */
export function enrolmentRoutes(deps: EnrolmentDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });
  routes.route("/", codeRoutes(deps));
  routes.route("/", enrolRoutes(deps));
  routes.route("/", tokenRoutes(deps));
  return routes;
}

/** Somebody at headquarters makes a code for one of their facilities. */
function codeRoutes({ db, clock }: EnrolmentDeps): Hono<FacilityEnv> {
  const routes = new Hono<FacilityEnv>({ strict: false });
  // A code lets a box speak for the gate.
  const guard = requireFacility({ db }, ["admin", "owner"]);
  routes.post("/api/facilities/:facilityId/enrolments", requireOwnPage, guard, async (c) => {
    const facility = c.get("facility");
    const { email } = c.get("session");
    const { code, expiresAt } = await makeEnrolmentCode(db, facility.id, email, new Date(clock.wallMs()));
    c.header("cache-control", "no-store");
    return c.json<EnrolmentCode>({ code, facility, expires_at: expiresAt.toISOString() }, 201);
  });
  return routes;
}

function enrolRoutes({ db, clock }: EnrolmentDeps): Hono<AppEnv> {
  const byAddress = createAttemptLimiter(ATTEMPTS_BY_ADDRESS, WINDOW_MS, REMEMBERED_KEYS);
  const inAll = createAttemptLimiter(ATTEMPTS_IN_ALL, SHORT_WINDOW_MS, 1);
  const routes = new Hono<AppEnv>({ strict: false });

  routes.post("/api/edge/enrol", limitBody(MAX_BODY_BYTES), async (c) => {
    const nowMs = clock.wallMs();
    const address = peerAddress(c);
    // Before the body is looked at; by address first, so that one who tries without end is not counted for all.
    const waitSeconds = byAddress.take(address, nowMs) || inAll.take("", nowMs);
    if (waitSeconds > 0) return tooMany(c, waitSeconds);
    const body = enrolmentSchema.safeParse(await readJson(c));
    if (!body.success) return invalid(c, body.error);
    const outcome = await enrol(db, body.data, new Date(nowMs));
    if (outcome.kind !== "enrolled") return refuse(c, outcome);
    byAddress.giveBack(address);
    inAll.giveBack("");
    const { edgeId, keyId, facility } = outcome;
    return c.json<Enrolled>({
      edge_id: edgeId,
      key_id: keyId,
      facility,
      signing_key: (await signingKey(db)).publicKey,
      now: new Date(clock.wallMs()).toISOString(),
    });
  });
  return routes;
}

function tokenRoutes({ db, clock }: EnrolmentDeps): Hono<AppEnv> {
  // By key: edges behind one proxy have one address, and whoever does not know a key's id learns nothing here.
  const byKey = createAttemptLimiter(ASSERTIONS_BY_KEY, SHORT_WINDOW_MS, REMEMBERED_KEYS);
  const routes = new Hono<AppEnv>({ strict: false });

  routes.post("/api/edge/nonce", async (c) =>
    c.json<NonceAnswer>({
      nonce: await newNonce(db, new Date(clock.wallMs())),
      expires_in_s: NONCE_SECONDS,
    }),
  );

  routes.post("/api/edge/token", limitBody(MAX_BODY_BYTES), async (c) => {
    const body = tokenRequestSchema.safeParse(await readJson(c));
    if (!body.success) return invalid(c, body.error);
    const nowMs = clock.wallMs();
    const keyId = body.data.key_id;
    const waitSeconds = byKey.take(keyId, nowMs);
    if (waitSeconds > 0) return tooMany(c, waitSeconds);
    const outcome = await issueToken(db, body.data, new Date(nowMs));
    if (outcome.kind === "refused") return sendProblem(c, unauthorisedProblem(outcome.code));
    byKey.giveBack(keyId);
    c.header("cache-control", "no-store");
    return c.json<TokenAnswer>({ token: outcome.token, expires_in_s: TOKEN_SECONDS });
  });
  return routes;
}

function refuse(c: Context, outcome: Exclude<EnrolmentOutcome, { kind: "enrolled" }>): Response {
  switch (outcome.kind) {
    case "bad_key":
      return sendProblem(c, problem(400, "invalid", "is not an Ed25519 key", "public_key"));
    case "bad_proof":
      return sendProblem(c, problem(400, "invalid", "is not signed with this key", "proof"));
    case "code_unknown":
      return sendProblem(c, problem(404, "code_unknown", "there is no such code, or its time is over"));
    case "code_used":
      return sendProblem(c, problem(409, "code_used", "somebody has enrolled with this code already"));
    case "other_facility": {
      const { facility } = outcome;
      const words = `the code is for the facility ${facility.slug}, and is still good`;
      return sendProblem(c, problem(409, "other_facility", words), { facility });
    }
  }
}

function invalid(c: Context, { issues }: z.ZodError): Response {
  const [issue] = issues;
  return sendProblem(
    c,
    problem(400, "invalid", issue?.message ?? "not understood", issue?.path.join(".") || undefined),
  );
}

function tooMany(c: Context, waitSeconds: number): Response {
  c.header("retry-after", String(waitSeconds));
  const words = `too many attempts: try again in ${waitSeconds} seconds`;
  return sendProblem(c, problem(429, "too_many_attempts", words), { retry_after_s: waitSeconds });
}
