import { IconFlame, IconHandStop } from "@tabler/icons-react";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import { emergenciesOf } from "../logic/emergencies.ts";
import classes from "./emergency-banner.module.css";

/** Fire and stop, across the whole page: nobody must have to look for them. */
export function EmergencyBanner({ lanes }: { readonly lanes: readonly LaneView[] }) {
  const { fire, stopped } = emergenciesOf(lanes);
  return (
    <div className={classes["banners"]}>
      {fire.length > 0 && (
        <div className={classes["banner"]} data-kind="fire" role="alert">
          <IconFlame size={36} aria-hidden />
          <p>
            <strong>Fire</strong>
            {fire.join(", ")}: open, and stay open until somebody resets them
          </p>
        </div>
      )}
      {stopped.length > 0 && (
        <div className={classes["banner"]} data-kind="stop" role="alert">
          <IconHandStop size={36} aria-hidden />
          <p>
            <strong>Stop</strong>
            {stopped.join(", ")}: nothing moves until the button is released and somebody resets
          </p>
        </div>
      )}
    </div>
  );
}
