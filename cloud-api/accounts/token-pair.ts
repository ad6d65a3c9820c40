import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Db } from "../db/connection.ts";
import { accessSecret } from "../fleet/cloud-keys.queries.ts";
import { peerAddress, type AppEnv } from "../http.ts";
import type { UserWithPassword } from "./queries.ts";
import { actorOf, recorded } from "./recorded.ts";
import { hashToken, mintToken } from "./secrets.ts";
import { openSignIn } from "./sign-ins.queries.ts";
import { signAccess } from "./tokens.ts";

export const pairAnswer = z.object({ access: z.string(), refresh: z.string() });

/** Opens a sign-in for somebody who has shown who they are. */
export async function openPair(
  { db }: { readonly db: Db },
  c: Context<AppEnv>,
  user: UserWithPassword,
  now: Date,
): Promise<z.input<typeof pairAnswer>> {
  const refresh = mintToken();
  const signIn = { id: randomUUID(), userId: user.id, device: deviceOf(c), address: peerAddress(c) };
  await recorded(db, { c, now, by: actorOf(user) }, async (tx, audit) => {
    await openSignIn(tx, signIn, hashToken(refresh), now);
    await audit({ action: "user.signed_in", subject: `user:${user.id}` });
  });
  const claims = { userId: user.id, signInId: signIn.id };
  return { access: await signAccess(await accessSecret(db), claims, now), refresh };
}

const MAX_DEVICE = 120;

/** What a client calls itself. */
function deviceOf(c: Context<AppEnv>): string {
  const said = (c.req.header("user-agent") ?? "").replaceAll(/[^\x20-\x7e]/g, "").trim();
  return said.slice(0, MAX_DEVICE) || "unknown";
}
