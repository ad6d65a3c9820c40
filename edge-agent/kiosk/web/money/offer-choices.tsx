import { Button } from "@mantine/core";
import type { Offers } from "@parkme/shared/protocol/kiosk-desk";
import classes from "./dialogs.module.css";

export type ChosenOffer = { readonly merchant: string; readonly offer: string };

type Props = {
  readonly offers: Offers["offers"];
  readonly chosen: ChosenOffer | null;
  readonly disabled: boolean;
  /** With several merchants, whose offer it is. */
  readonly withMerchant: boolean;
  readonly onChoose: (offer: ChosenOffer) => void;
};

/** The offers of merchants, to choose one of. */
export function OfferChoices({ offers, chosen, disabled, withMerchant, onChoose }: Props) {
  return (
    <div className={classes["choices"]} role="group" aria-label="Offers">
      {offers.map(({ merchant, merchant_title, offer, title }) => {
        const pressed = chosen?.merchant === merchant && chosen.offer === offer;
        return (
          <Button
            key={`${merchant} ${offer}`}
            variant={pressed ? "filled" : "default"}
            aria-pressed={pressed}
            disabled={disabled}
            onClick={() => onChoose({ merchant, offer })}
          >
            {withMerchant ? `${merchant_title}: ${title}` : title}
          </Button>
        );
      })}
    </div>
  );
}
