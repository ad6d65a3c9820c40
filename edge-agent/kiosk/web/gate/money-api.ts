import type { z } from "zod";
import {
  attemptViewSchema,
  doneSchema,
  merchantValidatedSchema,
  offersSchema,
  paidSchema,
  receiptsSchema,
  reconciliationSchema,
  shiftNowSchema,
  shiftReportSchema,
  shiftsSchema,
  staysFoundSchema,
  stayViewSchema,
  tariffViewSchema,
  upiSchema,
  type closeShiftSchema,
  type debtSchema,
  type deskCardSchema,
  type DeskPayment,
  type drawerMoveSchema,
  type entryTimeSchema,
  type identifySchema,
  type manualStaySchema,
  type merchantValidateSchema,
  type penaltySchema,
  type refundSchema,
  type validateSchema,
  type vehicleSchema,
  type vouchSchema,
  type writeOffSchema,
} from "@parkme/shared/protocol/kiosk-desk";
import type { Answer } from "./answer.ts";
import type { Request } from "./request.ts";

type Ask = <T>(request: Request<T>) => Promise<Answer<T>>;

/** The calls about money: the pay desk, shifts, receipts, merchants. See `shared/protocol/kiosk-desk.ts`. */
export function createMoneyApi(ask: Ask) {
  const get = <T>(path: string, schema: z.ZodType<T>) => ask({ method: "GET", path, schema });
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>) =>
    ask({ method: "POST", path, body, schema });
  const stay = (stayId: string, action = ""): string => `/api/stays/${encodeURIComponent(stayId)}${action}`;
  const attempt = (attemptId: string, action = ""): string =>
    `/api/attempts/${encodeURIComponent(attemptId)}${action}`;
  return {
    findStays: (text: string) => get(`/api/stays?q=${encodeURIComponent(text)}`, staysFoundSchema),
    stay: (stayId: string) => get(stay(stayId), stayViewSchema),
    addStay: (body: z.input<typeof manualStaySchema>) => post("/api/stays", body, stayViewSchema),
    pay: (stayId: string, body: DeskPayment) => post(stay(stayId, "/payments"), body, paidSchema),
    payByCard: (stayId: string, body: z.input<typeof deskCardSchema>) =>
      post(stay(stayId, "/card"), body, attemptViewSchema),
    attempt: (attemptId: string) => get(attempt(attemptId), attemptViewSchema),
    stopAttempt: (attemptId: string) => post(attempt(attemptId, "/stop"), {}, attemptViewSchema),
    vouchAttempt: (attemptId: string, body: z.input<typeof vouchSchema>) =>
      post(attempt(attemptId, "/vouch"), body, attemptViewSchema),
    upi: (stayId: string) => post(stay(stayId, "/upi"), {}, upiSchema),
    validate: (stayId: string, body: z.input<typeof validateSchema>) =>
      post(stay(stayId, "/validations"), body, stayViewSchema),
    writeOff: (stayId: string, body: z.input<typeof writeOffSchema>) =>
      post(stay(stayId, "/write-off"), body, stayViewSchema),
    bookDebt: (stayId: string, body: z.input<typeof debtSchema>) =>
      post(stay(stayId, "/debt"), body, stayViewSchema),
    collectDebt: (stayId: string, body: DeskPayment) => post(stay(stayId, "/debt/collect"), body, paidSchema),
    refund: (stayId: string, body: z.input<typeof refundSchema>) =>
      post(stay(stayId, "/refunds"), body, paidSchema),
    lostTicket: (stayId: string, reason: string) =>
      post(stay(stayId, "/lost-ticket"), { reason }, stayViewSchema),
    setEntryTime: (stayId: string, body: z.input<typeof entryTimeSchema>) =>
      post(stay(stayId, "/entry-time"), body, stayViewSchema),
    setVehicle: (stayId: string, body: z.input<typeof vehicleSchema>) =>
      post(stay(stayId, "/vehicle"), body, stayViewSchema),
    addPenalty: (stayId: string, body: z.input<typeof penaltySchema>) =>
      post(stay(stayId, "/penalties"), body, stayViewSchema),
    printTicket: (stayId: string, reason: string) =>
      post(stay(stayId, "/ticket/print"), { reason }, doneSchema),
    voidStay: (stayId: string, reason: string) => post(stay(stayId, "/void"), { reason }, stayViewSchema),
    identify: (lane: string, body: z.input<typeof identifySchema>) =>
      post(`/api/lanes/${encodeURIComponent(lane)}/identify`, body, doneSchema),
    shift: () => get("/api/shift", shiftNowSchema),
    openShift: (floatMinor: number) => post("/api/shift/open", { float_minor: floatMinor }, shiftNowSchema),
    moveDrawer: (body: z.input<typeof drawerMoveSchema>) => post("/api/shift/move", body, shiftNowSchema),
    closeShift: (body: z.input<typeof closeShiftSchema>) => post("/api/shift/close", body, shiftReportSchema),
    shifts: (limit: number) => get(`/api/shifts?limit=${limit}`, shiftsSchema),
    shiftReport: (shiftId: string) =>
      get(`/api/shifts/${encodeURIComponent(shiftId)}/report`, shiftReportSchema),
    reconciliation: (fromMs: number, toMs: number) =>
      get(
        `/api/reconciliation?from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`,
        reconciliationSchema,
      ),
    receipts: (limit: number) => get(`/api/receipts?limit=${limit}`, receiptsSchema),
    printReceipt: (number: number) => post(`/api/receipts/${number}/print`, {}, doneSchema),
    offers: () => get("/api/offers", offersSchema),
    tariff: () => get("/api/tariff", tariffViewSchema),
    merchantValidate: (body: z.input<typeof merchantValidateSchema>) =>
      post("/api/merchant/validate", body, merchantValidatedSchema),
  };
}
