import { randomUUID } from "node:crypto";
import type { CloudApp } from "../../app.ts";

export type Pair = { readonly access: string; readonly refresh: string };
export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };
export type Ask = (method: string, path: string, body?: unknown, token?: string) => Promise<Answer>;

/** Requests as an app on a phone sends them. */
export function asker(app: CloudApp): Ask {
  return async (method, path, body, token) => {
    const answer = await app.request(path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const read: unknown = text === "" ? {} : JSON.parse(text);
    return { status: answer.status, body: read, headers: answer.headers };
  };
}

export type Driver = {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly pair: Pair;
};

/** Somebody who has registered, and is signed in. */
export async function register(ask: Ask): Promise<Driver> {
  const email = `d-${randomUUID()}@example.test`;
  const password = `open sesame ${randomUUID().slice(0, 8)}`;
  const names = { first_name: "Dana", last_name: "Driver", phone: "+49 (171) 555-0101" };
  const made = await ask("POST", "/api/users/", { email, password, password_confirm: password, ...names });
  if (made.status !== 201)
    throw new Error(`registering answered ${made.status} ${JSON.stringify(made.body)}`);
  const pair = await ask("POST", "/api/auth/token/", { email, password });
  if (pair.status !== 200) throw new Error(`signing in answered ${pair.status} ${JSON.stringify(pair.body)}`);
  return { id: (made.body as { id: string }).id, email, password, pair: pair.body as Pair };
}
