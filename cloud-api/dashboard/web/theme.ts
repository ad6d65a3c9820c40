import { createTheme, type MantineColorsTuple } from "@mantine/core";

const signal: MantineColorsTuple = [
  "#eaf1ff",
  "#d3e0fb",
  "#a5bff5",
  "#749cf0",
  "#4c7eec",
  "#3269e6",
  "#1f57d6",
  "#1a4bbd",
  "#143c99",
  "#0d2c74",
];

/** Mantine's greys in the dark scheme, in the tint of this page. */
const dark: MantineColorsTuple = [
  "#c9d3df",
  "#b4c0ce",
  "#93a1b2",
  "#66748a",
  "#344152",
  "#263140",
  "#1b2430",
  "#141b25",
  "#0f151d",
  "#0b1017",
];

export const theme = createTheme({
  primaryColor: "signal",
  primaryShade: { light: 6, dark: 5 },
  colors: { signal, dark },
  fontFamily: 'Inter, "Segoe UI", Roboto, system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono", "Cascadia Mono", Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  components: {
    // The lock would write a style of its own into the page, which its policy forbids; the page does not scroll anyway.
    Modal: { defaultProps: { lockScroll: false } },
  },
});
