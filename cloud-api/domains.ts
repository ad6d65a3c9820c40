import type { DomainDeps } from "./domain-deps.ts";
import { accountCalls, accountJobs } from "./accounts/calls.ts";
import { auditCalls } from "./audit/calls.ts";
import { AUDIT_CHAIN_JOB } from "./audit/chain.queries.ts";
import { availabilityCalls } from "./availability/calls.ts";
import { COUNTS_JOB } from "./availability/counts.queries.ts";
import { bookingCalls } from "./bookings/calls.ts";
import { bookingJobs } from "./bookings/jobs.ts";
import { bookingDepsOf } from "./bookings/wiring.ts";
import { enforcementCalls } from "./enforcement/calls.ts";
import { OVERSTAY_JOB } from "./enforcement/overstay.ts";
import { facilityCalls } from "./facilities/calls.ts";
import { spotCalls } from "./facilities/spot-calls.ts";
import { zoneCalls } from "./facilities/zone-calls.ts";
import { listCalls } from "./lists/calls.ts";
import { LISTS_JOB } from "./lists/publishing.ts";
import type { Api } from "./platform/api.ts";
import type { Job } from "./platform/job.ts";
import { estimateCalls } from "./pricing/estimate-calls.ts";
import { createEstimator } from "./pricing/estimate.ts";
import { tariffCalls } from "./pricing/tariff-calls.ts";
import { tariffTools } from "./pricing/tariff-tools.ts";
import { subscriptionCalls } from "./subscriptions/calls.ts";
import { subscriptionChangeCalls } from "./subscriptions/change-calls.ts";
import { createHoldings } from "./subscriptions/holdings.ts";
import { planCalls } from "./subscriptions/plan-calls.ts";
import { RENEWALS_JOB } from "./subscriptions/renewals.ts";
import { TELLING_JOB } from "./subscriptions/telling.ts";
import { createPdfMaker } from "./reports/pdf-maker.ts";
import { reportCalls } from "./reports/report-calls.ts";
import { vehicleCalls } from "./vehicles/calls.ts";
import { plateCalls } from "./vehicles/plate-calls.ts";
import { addPaymentCalls } from "./payments/calls.ts";
import { PARTITIONS_JOB } from "./db/partitions.queries.ts";
import { holdCalls, retentionCalls } from "./retention/hold-calls.ts";
import { retentionJobs } from "./retention/jobs.ts";
import { personCalls } from "./retention/person-calls.ts";
import { giveBackPayment } from "./payments/give-back.queries.ts";
import { paymentJobs } from "./payments/polling.ts";
import { paymentDepsOf } from "./payments/wiring.ts";

/** Adds every domain's calls to the API. */
export async function addDomains(api: Api, deps: DomainDeps): Promise<void> {
  const estimator = createEstimator(deps);
  const holdings = createHoldings(deps);
  accountCalls(api, deps);
  personCalls(api, deps);
  holdCalls(api);
  retentionCalls(api);
  auditCalls(api, deps);
  facilityCalls(api, deps);
  zoneCalls(api);
  spotCalls(api);
  availabilityCalls(api, deps);
  vehicleCalls(api);
  plateCalls(api);
  listCalls(api);
  tariffCalls(api);
  tariffTools(api, { estimator });
  estimateCalls(api, { estimator, holdings, clock: deps.clock });
  planCalls(api, { estimator });
  subscriptionCalls(api);
  subscriptionChangeCalls(api, { giveBack: giveBackPayment });
  enforcementCalls(api, deps);
  reportCalls(api, { ...deps, pdfs: createPdfMaker() });
  bookingCalls(api, bookingDepsOf(deps, { estimator, holdings }));
  addPaymentCalls(api, { ...paymentDepsOf(deps, estimator), webhooks: deps.webhooks });
}

/** What runs in the background. */
export function jobsOf(deps: DomainDeps): readonly Job[] {
  return [
    ...accountJobs,
    ...retentionJobs(deps.pictures),
    PARTITIONS_JOB,
    AUDIT_CHAIN_JOB,
    COUNTS_JOB,
    LISTS_JOB,
    TELLING_JOB,
    RENEWALS_JOB,
    OVERSTAY_JOB,
    ...bookingJobs(deps),
    ...paymentJobs(paymentDepsOf(deps, createEstimator(deps))),
  ];
}
