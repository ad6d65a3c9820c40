/** Who has to act: the hardware, the person at the gate, the program at the other end of a wire, or us. */
export type Blame = "device" | "operator" | "peer" | "bug";

/** An expected refusal: a stable code for programs, a sentence for people. */
export type Refusal<Code extends string = string> = {
  readonly code: Code;
  readonly blame: Blame;
  readonly message: string;
};

export function refusal<Code extends string>(code: Code, blame: Blame, message: string): Refusal<Code> {
  return { code, blame, message };
}

/** The body of an HTTP error: RFC 9457 problem details, with our stable code and the field that is wrong. */
export type Problem = {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly field?: string;
};

export function problem(status: number, code: string, detail: string, field?: string): Problem {
  const base = { type: "about:blank", title: titleOf(status), status, code, detail } as const;
  return field === undefined ? base : { ...base, field };
}

function titleOf(status: number): string {
  const titles: Record<number, string> = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
  };
  return titles[status] ?? "Error";
}
