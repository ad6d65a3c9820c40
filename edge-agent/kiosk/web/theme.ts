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

/** Touch first: nothing that can be pressed is smaller than 44 px, and the focus ring is always visible. */
export const theme = createTheme({
  primaryColor: "signal",
  primaryShade: { light: 6, dark: 5 },
  colors: { signal, dark },
  fontFamily: 'Inter, "Segoe UI", Roboto, system-ui, sans-serif',
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  components: {
    Button: { defaultProps: { size: "lg" } },
    TextInput: { defaultProps: { size: "lg" } },
    PasswordInput: { defaultProps: { size: "lg" } },
    ActionIcon: { defaultProps: { size: 44, variant: "subtle", color: "gray" } },
    Alert: { styles: { message: { fontSize: 17, lineHeight: 1.35 } } },
    Notification: {
      defaultProps: { closeButtonProps: { size: 44, "aria-label": "Close" } },
      styles: { title: { fontSize: 18 }, description: { fontSize: 17 } },
    },
    Drawer: {
      defaultProps: {
        overlayProps: { backgroundOpacity: 0.45 },
        closeButtonProps: { size: 44, "aria-label": "Close" },
      },
      styles: { title: { fontSize: 22, fontWeight: 700 } },
    },
    Modal: {
      defaultProps: {
        centered: true,
        radius: "lg",
        overlayProps: { backgroundOpacity: 0.6 },
        closeButtonProps: { size: 44, "aria-label": "Close" },
      },
      styles: { title: { fontSize: 19, fontWeight: 650 } },
    },
  },
});
