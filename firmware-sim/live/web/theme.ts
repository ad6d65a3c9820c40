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

/** Mantine's dark greys, turned to the page's blue. */
const dark: MantineColorsTuple = [
  "#edf2f7",
  "#c9d3de",
  "#a9b6c4",
  "#7f8da0",
  "#4a5869",
  "#364354",
  "#222d3a",
  "#151c26",
  "#10161f",
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
});
