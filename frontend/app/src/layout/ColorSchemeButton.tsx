import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";

import { Icon } from "../ui/icons";

export function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={dark ? "Use light colours" : "Use dark colours"}
      onClick={() => {
        setColorScheme(dark ? "light" : "dark");
      }}
    >
      <Icon name={dark ? "sun" : "moon"} />
    </ActionIcon>
  );
}
