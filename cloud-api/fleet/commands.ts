import { Hono } from "hono";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { newCommandSchema, type CommandView, type commandsSchema } from "@parkme/shared/protocol/downlink";
import { requireOwnPage } from "../accounts/guard.ts";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { limitBody, readJson, sendProblem } from "../http.ts";
import { issueCommand, listCommands } from "./commands.queries.ts";

type CommandDeps = { readonly db: Db; readonly clock: Clock };

const MAX_COMMAND_BYTES = 4_096;
const keySchema = z.uuid().toLowerCase();

/**
 * `POST /api/facilities/:facilityId/commands`: has something done at a gate; 202 and how it stands. `GET` of the same:
 * what was asked for, and what became of it. See newCommandSchema and commandsSchema in shared/protocol/downlink.
 */
export function commandRoutes(deps: CommandDeps): Hono<FacilityEnv> {
  const { db, clock } = deps;
  const routes = new Hono<FacilityEnv>({ strict: false });
  const own = requireFacility(deps);
  const path = "/api/facilities/:facilityId/commands";
  const now = (): Date => new Date(clock.wallMs());

  routes.get(path, own, async (c) => {
    c.header("cache-control", "no-store");
    const commands = await listCommands(db, c.get("facility").id, now());
    return c.json<z.infer<typeof commandsSchema>>({ commands });
  });

  routes.post(path, requireOwnPage, own, limitBody(MAX_COMMAND_BYTES), async (c) => {
    const key = keySchema.safeParse(c.req.header("idempotency-key"));
    if (!key.success) {
      const detail = "the header idempotency-key must be a UUID";
      return sendProblem(c, problem(400, "invalid", detail, "idempotency-key"));
    }
    const body = newCommandSchema.safeParse(await readJson(c));
    if (!body.success) {
      const issue = body.error.issues[0];
      const field = issue?.path.join(".") || undefined;
      return sendProblem(c, problem(400, "invalid", issue?.message ?? "not a command", field));
    }
    const request = {
      commandId: key.data,
      facilityId: c.get("facility").id,
      actor: c.get("session").name,
      command: body.data,
    };
    const issued = await issueCommand(db, request, now());
    switch (issued.kind) {
      case "issued":
        return c.json<CommandView>(issued.command, 202);
      case "no_edge":
        return sendProblem(c, problem(409, issued.kind, "the facility has no edge that could do it"));
      case "key_reused":
        return sendProblem(
          c,
          problem(409, issued.kind, "this key is another command's: nothing was asked for"),
        );
      default:
        return issued satisfies never;
    }
  });

  return routes;
}
