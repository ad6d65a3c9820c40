/** Who is signed in, as `GET /api/session` tells. */
export type Session = {
  readonly email: string;
  readonly name: string;
  readonly organisation: { readonly name: string };
};

/** @returns null when nobody is signed in. @throws when the server does not answer. */
export async function readSession(): Promise<Session | null> {
  const response = await fetch("/api/session");
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return (await response.json()) as Session;
}

/** @returns null when it worked, else what to tell the person. */
export async function signIn(email: string, password: string): Promise<string | null> {
  const response = await post("POST", JSON.stringify({ email, password }));
  if (response.ok) return null;
  if (response.status === 429) {
    const minutes = Math.ceil(Number(response.headers.get("retry-after") ?? "60") / 60);
    return `Too many attempts. Try again in ${minutes} min.`;
  }
  if (response.status === 400 || response.status === 401) return "The email or the password is not right.";
  return "The server has a problem. Try again in a moment.";
}

export async function signOut(): Promise<void> {
  await post("DELETE");
}

async function post(method: "POST" | "DELETE", body?: string): Promise<Response> {
  const headers = { "content-type": "application/json", "x-parkme": "1" };
  return await fetch("/api/session", { method, headers, ...(body === undefined ? {} : { body }) });
}
