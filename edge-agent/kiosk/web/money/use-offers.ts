import { useEffect, useState } from "react";
import type { Offers } from "@parkme/shared/protocol/kiosk-desk";
import type { GateApi } from "../gate/api.ts";

const NOTHING: Offers = {
  offers: [],
  penalties: [],
  vehicle_types: [],
  upi: false,
  card: false,
  desk_printer: false,
};

/** What may be given and done at this desk; nothing until the gate has said. */
export function useOffers(api: GateApi): Offers {
  const [offers, setOffers] = useState(NOTHING);
  useEffect(() => {
    let shown = true;
    void api.money.offers().then((answer) => {
      if (shown && answer.kind === "done") setOffers(answer.value);
    });
    return () => {
      shown = false;
    };
  }, [api]);
  return offers;
}
