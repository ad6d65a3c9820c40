import { z } from "zod";
import { signAccess } from "../../../cloud-api/accounts/tokens.ts";
import type { Db } from "../../../cloud-api/db/connection.ts";
import { accessSecret } from "../../../cloud-api/fleet/cloud-keys.queries.ts";
import type { CloudProgram } from "./cloud-program.ts";
import type { SignedIn } from "./provide.ts";

/** An answer of the cloud to somebody; `refused`: why not, as it was told. */
export type Told =
  { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly refused: string };

const NOBODY: Told = { ok: false, refused: "the cloud is away" };
const problemSchema = z.object({ code: z.string(), detail: z.string().optional() });

export type Ask = (
  who: SignedIn | null,
  request: {
    readonly method: "GET" | "POST" | "PUT" | "DELETE";
    readonly path: string;
    readonly body?: object;
    readonly headers?: Readonly<Record<string, string>>;
  },
) => Promise<Told>;

/** The browsers and phones of people, whose way to the cloud is a good one. */
export function peopleOf(db: Db, program: CloudProgram): Ask {
  let secret: Promise<Uint8Array> | null = null;
  return async (who, { method, path, body, headers = {} }) => {
    if (program.generation() === null) return NOBODY;
    secret ??= accessSecret(db);
    const now = new Date(program.clock.wallMs());
    const token = who === null ? null : await signAccess(await secret, who, now);
    await program.forget();
    const answer = await program.request({
      method,
      path,
      headers: {
        "content-type": "application/json",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: body === undefined ? null : Buffer.from(JSON.stringify(body)),
    });
    const said: unknown = answer.bytes.length === 0 ? null : JSON.parse(answer.bytes.toString("utf8"));
    if (answer.status < 300) return { ok: true, body: said };
    if (answer.status >= 500) throw new Error(`${method} ${path} was answered ${answer.status}`);
    const problem = problemSchema.safeParse(said);
    return { ok: false, refused: problem.success ? problem.data.code : `status ${answer.status}` };
  };
}
