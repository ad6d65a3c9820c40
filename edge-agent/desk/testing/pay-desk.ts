import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { StayId } from "@parkme/shared/domain/ids";
import { paidSchema, stayViewSchema, type Paid, type StayView } from "@parkme/shared/protocol/kiosk-desk";
import { problemOf } from "../../kiosk/testing/calls.ts";
import { FACILITY_ID, type Kiosk, PIN, startKiosk, TERMINAL_PASSWORD } from "../../kiosk/testing/kiosk.ts";
import { createCodeMaker } from "../../tickets/code-maker.ts";

/** The pay desk as its page uses it: over HTTP, with a real store, real prices and real keys. */

/** Two EUR for each started hour; stays of `addStay` came in an hour ago and have begun their second. */
const TARIFF = `tariff:
  id: standard
  version: 1
  document:
    name: Standard
    hourly: { price: 2, per_minutes: 60 }
    graces: { exit_minutes: 15 }
    vehicle_types: { motorcycle: { percent: 50 } }
    plans: { guests: { flat: { price: 1 } } }
    penalties: { bay: { title: Wrong bay, price: 20 } }
    lost_ticket: { true_time: { fee: 10, otherwise: 40 } }
`;
const MERCHANTS = `merchants:
  - name: cinema
    title: Cinema
    pin_file: ./pin
    daily_limit: 2
    offers:
      - { name: film, title: Film, minutes: 60 }
      - { name: all, title: All of it, percent: 100 }
      - { name: gone, title: Gone, plan: nowhere }
  - { name: hotel, title: Hotel, pin_file: ./pin, offers: [{ name: guest, title: Guest, plan: guests }] }
`;

type Options = {
  readonly more?: string;
  readonly currency?: string;
  /** Port of a ZVT terminal for the desk. */
  readonly terminal?: number | null;
  /** Port of one for the exit. */
  readonly exitTerminal?: number | null;
};

function terminalOf(name: string, port: number | null): string[] {
  const tcp = `127.0.0.1:${String(port)}`;
  const device = `{ name: ${name}, driver: zvt, tcp: "${tcp}", password_file: "${TERMINAL_PASSWORD}", settle_s: 1 }`;
  return port === null ? [] : [device];
}

function configured(config: string, options: Options): string {
  const { more = "", currency = "EUR", terminal = null, exitTerminal = null } = options;
  const terminals = [...terminalOf("desk-cards", terminal), ...terminalOf("exit-cards", exitTerminal)];
  const device = [
    terminals.length === 0 ? "" : `terminals: [${terminals.join(", ")}]\n`,
    terminal === null ? "" : "desk: { terminal: desk-cards, pay_ms: 3000 }\n",
  ].join("");
  const exit = exitTerminal === null ? "" : "terminal: exit-cards, ";
  return config
    .replace("camera: exit-cam, barrier", `camera: exit-cam, ${exit}barrier`)
    .replace(/^tariff: .*$/m, TARIFF)
    .replace("currency: EUR", `currency: ${currency}`)
    .replace("attendants: [", "attendants: [{ name: kim, pin_file: ./pin }, ")
    .concat(MERCHANTS, device, more);
}

/** What the page does, with what it must be answered. */
function createActs(kiosk: Kiosk, cookie: string) {
  const post = (path: string, body: object, as = cookie) => kiosk.call(path, { cookie: as, body });
  const get = (path: string, as = cookie) => kiosk.get(path, as);

  async function view(response: Response, status = 200): Promise<StayView> {
    expect(response.status, "the answer").toBe(status);
    return stayViewSchema.parse(await response.json());
  }
  const stay = async (id: string): Promise<StayView> => view(await get(`/api/stays/${id}`));
  const act = async (id: string, name: string, body: object): Promise<StayView> =>
    view(await post(`/api/stays/${id}/${name}`, body));

  async function paid(response: Response): Promise<Paid> {
    expect(response.status, "the answer").toBe(200);
    return paidSchema.parse(await response.json());
  }
  const cash = (id: string, amount_minor: number, more: object = {}) =>
    post(`/api/stays/${id}/payments`, {
      method: "cash",
      amount_minor,
      tendered_minor: amount_minor,
      idempotency_key: randomUUID(),
      ...more,
    });
  return { cookie, post, get, view, stay, act, paid, cash };
}

export type PayDesk = Awaited<ReturnType<typeof startPayDesk>>;

export async function startPayDesk(options: Options = {}) {
  const kiosk = await startKiosk(undefined, (config) => configured(config, options));
  const maker = createCodeMaker({ facilityId: FACILITY_ID, keyring: kiosk.keyring, validDays: 30 });
  const cookie = await kiosk.signedIn();
  return {
    ...kiosk,
    ...createActs(kiosk, cookie),
    /** The refusal of a response: its status and code, and the field where it names one. */
    async refusal(response: Response) {
      const { status, code, field } = await problemOf(response);
      return field === undefined ? { status, code } : { status, code, field };
    },
    /** Signs somebody else in. */
    async as(name: string): Promise<string> {
      const response = await kiosk.signIn(name, PIN);
      expect(response.status).toBe(204);
      return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    },
    /** A vehicle that came in an hour ago: 4.00 are due. */
    parked: (plate = "BAB1234"): StayId => kiosk.addStay(plate),
    /** A code of a merchant, as it is printed. */
    validationCode: (merchant: string, offer: string): string =>
      maker.validations({ merchant, offer, count: 1, validDays: 1 }, Date.now(), randomBytes)[0]?.text ?? "",
    /** What the code on the ticket of a stay reads. */
    ticketCode: (stayId: StayId): string => {
      const account = kiosk.store.stayAccount(stayId);
      if (account === null) throw new Error("no such stay");
      return maker.ticket({ ...account, lane: "entry" });
    },
    said: (message: string) => kiosk.logged.filter((line) => line.message === message),
  };
}
