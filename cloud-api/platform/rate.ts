/** What a client is told about its limit. */
export type RateState = {
  readonly limit: number;
  readonly remaining: number;
  readonly resetSeconds: number;
  readonly windowSeconds: number;
};

/** The headers of draft-ietf-httpapi-ratelimit-headers (06), which clients know. */
export function rateHeaders(state: RateState): Readonly<Record<string, string>> {
  return {
    "ratelimit-limit": String(state.limit),
    "ratelimit-remaining": String(state.remaining),
    "ratelimit-reset": String(state.resetSeconds),
    "ratelimit-policy": `${state.limit};w=${state.windowSeconds}`,
  };
}
