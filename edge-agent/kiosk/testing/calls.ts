import { expect } from "vitest";

/** Calls to a kiosk as the attendant's page makes them. */

type Options = {
  readonly cookie?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly method?: string;
};

/** @param pin of the attendant "alex" */
export function createCalls(url: string, pin: string) {
  function call(path: string, { cookie, body, headers, method = "POST" }: Options = {}): Promise<Response> {
    return fetch(new URL(path, url), {
      method,
      headers: { "x-parkme": "1", ...(cookie === undefined ? {} : { cookie }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  }

  const signIn = (name = "alex", given = pin) => call("/api/session", { body: { name, pin: given } });

  return {
    call,
    get: (path: string, cookie?: string) =>
      call(path, cookie === undefined ? { method: "GET" } : { method: "GET", cookie }),
    signIn,
    /** Signs alex in. Returns the `cookie` header to send from then on. */
    async signedIn(): Promise<string> {
      const response = await signIn();
      expect(response.status).toBe(204);
      return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    },
  };
}

/** What a refusal says, in the form that every refusal has. */
export async function problemOf(response: Response) {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  const problem = (await response.json()) as { status: number; code: string; field?: string; detail: string };
  expect(problem.status).toBe(response.status);
  expect(problem.detail).not.toBe("");
  return problem;
}
