import { TextInput } from "@mantine/core";
import { formatDecimal, money as amountOf, type Currency } from "@parkme/shared/domain/money";
import { parseTendered, type TenderedProblem } from "../logic/tendered.ts";

type Props = {
  readonly label: string;
  readonly currency: Currency;
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly frozen?: boolean;
  readonly description?: string;
  readonly autoFocus?: boolean;
};

const MAX_TEXT = 16;

const PROBLEM_WORDS: Record<TenderedProblem, string | null> = {
  empty: null,
  not_an_amount: "This is not an amount",
  too_many_decimals: "Too many decimals",
  too_much: "This is too much",
};

/** An amount of money as a person types it. */
export function AmountField({
  label,
  currency,
  text,
  setText,
  frozen = false,
  description,
  autoFocus,
}: Props) {
  const read = parseTendered(text, currency);
  return (
    <TextInput
      label={label}
      description={description}
      value={text}
      onChange={(event) => setText(event.currentTarget.value.slice(0, MAX_TEXT))}
      placeholder={formatDecimal(amountOf(0, currency))}
      error={read.ok ? null : PROBLEM_WORDS[read.error]}
      inputMode="decimal"
      autoComplete="off"
      readOnly={frozen}
      data-autofocus={autoFocus}
    />
  );
}

/** Minor units; null while the text is no amount. */
export function amountIn(text: string, currency: Currency): number | null {
  const read = parseTendered(text, currency);
  return read.ok ? read.value : null;
}
