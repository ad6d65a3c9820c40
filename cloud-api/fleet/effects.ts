import { concernsBookings, linkStays } from "../bookings/stays.queries.ts";
import { RIGHTS_EFFECTS } from "../capacity/transfers.queries.ts";
import { ENFORCEMENT_CONCERNS, ENFORCEMENT_EFFECTS } from "../enforcement/gate-effects.ts";
import { keepCorrections } from "../reports/corrections.queries.ts";
import { concernsSubscriptions, SUBSCRIPTION_EFFECTS } from "../subscriptions/usage.ts";
import { answerCommands } from "./commands.queries.ts";
import type { DomainEffects, EffectMap } from "./effect.ts";
import { MANIFEST_EFFECTS } from "./manifest-effects.queries.ts";
import { keepValidations } from "./validations.queries.ts";

const OWN_EFFECTS: EffectMap = {
  "validation.given": (tx, edge, told) =>
    keepValidations(
      tx,
      edge.facilityId,
      told.map(({ payload }) => payload),
    ),
  "command.answered": (tx, edge, told) =>
    answerCommands(
      tx,
      edge.facilityId,
      told.map(({ payload }) => payload),
    ),
  ...MANIFEST_EFFECTS,
  ...RIGHTS_EFFECTS,
  "count.corrected": keepCorrections,
};

/** What events lead to beside the rows of projection.ts, in this order. */
export const EFFECTS: readonly DomainEffects[] = [
  { effects: OWN_EFFECTS },
  { effects: { "stay.started": linkStays }, concerns: { "stay.started": concernsBookings } },
  { effects: SUBSCRIPTION_EFFECTS, concerns: { "stay.started": concernsSubscriptions } },
  { effects: ENFORCEMENT_EFFECTS, concerns: ENFORCEMENT_CONCERNS },
];
