/** Who is signed in, as `GET /api/session` tells. */
export type Session = {
  readonly email: string;
  readonly name: string;
  /** Null = whoever runs the cloud. */
  readonly organisation: { readonly name: string } | null;
};

/** @returns null when nobody is signed in. @throws when the server does not answer. */
export async function readSession(): Promise<Session | null> {
  const response = await fetch("/api/session");
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as Session;
}

/** `code` = it worked so far, and the code of the second factor is needed. */
export type SignInAnswer = "in" | "code" | { readonly refused: string };

/** @param code of the second factor; empty = none is known yet. */
export async function signIn(email: string, password: string, code: string): Promise<SignInAnswer> {
  const body = { email, password, ...(code === "" ? {} : { code }) };
  const response = await post("POST", JSON.stringify(body));
  if (response.ok) return "in";
  const { code: problem } = await problemOf(response);
  return problem === "second_factor_needed" ? "code" : { refused: wordsOf(response, problem) };
}

type Problem = { readonly code: string; readonly detail: string };

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => null)) as Partial<Problem> | null;
  return { code: body?.code ?? "", detail: body?.detail ?? "" };
}

function wordsOf(response: Response, problem: string): string {
  if (problem === "wrong_code") return "The code is not right, or was used. Wait for the next one.";
  if (problem === "second_factor_setup_needed")
    return "Your account needs a second factor first. Set it up in the app or by the API.";
  if (problem === "not_allowed") return "This page is for those who run facilities.";
  if (response.status === 429) {
    const minutes = Math.ceil(Number(response.headers.get("retry-after") ?? "60") / 60);
    return `Too many attempts. Try again in ${minutes} min.`;
  }
  if (response.status === 400 || response.status === 401) return "The email or the password is not right.";
  return "The server has a problem. Try again in a moment.";
}

/**
 * Sets a password with the token of a mail.
 *
 * @returns null when it worked, else what to tell the person.
 */
export async function setPassword(token: string, password: string): Promise<string | null> {
  const response = await fetch("/api/auth/password/reset/confirm/", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token, password, password_confirm: password }),
  });
  if (response.ok) return null;
  const problem = await problemOf(response);
  if (problem.code === "bad_token") return "This link is not good any more. Ask for another one.";
  if (problem.code === "weak_password") return `The password ${problem.detail}.`;
  return wordsOf(response, problem.code);
}

export async function signOut(): Promise<void> {
  await post("DELETE");
}

async function post(method: "POST" | "DELETE", body?: string): Promise<Response> {
  const headers = { "content-type": "application/json", "x-parkme": "1" };
  return await fetch("/api/session", { method, headers, ...(body === undefined ? {} : { body }) });
}
