import type { EventKind } from "@parkme/shared/protocol/sync";
import { RIGHTS_EFFECTS } from "../capacity/transfers.queries.ts";
import { answerCommands } from "./commands.queries.ts";
import type { Effect } from "./effect.ts";
import { MANIFEST_EFFECTS } from "./manifest-effects.queries.ts";
import { keepValidations } from "./validations.queries.ts";

/** What events lead to beside the rows of projection.ts, by kind; kinds take effect in this order. */
export const EFFECTS: { readonly [K in EventKind]?: Effect<K> } = {
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
};
