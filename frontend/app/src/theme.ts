import { type MantineColorsTuple, createTheme } from "@mantine/core";

const iris: MantineColorsTuple = [
  "#f1f1ff",
  "#e0e0fc",
  "#bebdf3",
  "#9a98ea",
  "#7b79e4",
  "#6866e0",
  "#5a59dc",
  "#4b4ac6",
  "#4241b1",
  "#36359c",
];

const dark: MantineColorsTuple = [
  "#d6d8e2",
  "#b9bccb",
  "#979bae",
  "#6d7186",
  "#3b3d4d",
  "#2d2e3b",
  "#21222c",
  "#191a22",
  "#121319",
  "#0c0d12",
];

export const theme = createTheme({
  colors: { iris, dark },
  primaryColor: "iris",
  primaryShade: { light: 6, dark: 5 },
  autoContrast: true,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  headings: { fontWeight: "700" },
  components: {
    CloseButton: { defaultProps: { "aria-label": "Close this" } },
    Card: { defaultProps: { radius: "lg", withBorder: true } },
    Skeleton: { defaultProps: { radius: "md" } },
  },
});
