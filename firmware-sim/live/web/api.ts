import type { FaultWish, VehicleWish } from "../contract.ts";

/** Why it was not done, in words; null = it was done. */
export type Answer = string | null;

/** What the page asks of the simulator. Never rejects. */
export const api = {
  fault: (wish: FaultWish): Promise<Answer> => send("POST", "/faults", wish),
  mendAll: (): Promise<Answer> => send("DELETE", "/faults"),
  vehicle: (wish: VehicleWish): Promise<Answer> => send("POST", "/vehicles", wish),
  depart: (plate: string): Promise<Answer> =>
    send("POST", `/vehicles/${encodeURIComponent(plate)}/depart`, {}),
  speed: (speed: number): Promise<Answer> => send("POST", "/speed", { speed }),
  pause: (paused: boolean): Promise<Answer> => send("POST", "/pause", { paused }),
};

/** Waits for an answer and shows why it was a refusal; false when it was. */
export type Act = (wish: Promise<Answer>) => Promise<boolean>;

async function send(method: "POST" | "DELETE", path: string, body?: object): Promise<Answer> {
  try {
    const answer = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (answer.ok) return null;
    const refused: unknown = await answer.json().catch(() => null);
    const hasDetail = typeof refused === "object" && refused !== null && "detail" in refused;
    return hasDetail ? String(refused.detail) : `The simulator answered ${answer.status}.`;
  } catch {
    return "The simulator does not answer.";
  }
}
