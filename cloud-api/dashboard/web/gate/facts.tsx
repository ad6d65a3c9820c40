import type { ReactNode } from "react";
import styles from "./gate.module.css";
import type { Tone } from "./words.ts";

/** Facts, one in a line, each with its name. */
export function Facts({ children }: { readonly children: ReactNode }) {
  return <dl className={styles["facts"]}>{children}</dl>;
}

type FactProps = { readonly name: string; readonly tone?: Tone; readonly children: ReactNode };

export function Fact({ name, tone = "none", children }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd data-tone={tone}>{children}</dd>
    </div>
  );
}
