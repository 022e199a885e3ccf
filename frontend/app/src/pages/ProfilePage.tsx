import { Stack, Title } from "@mantine/core";

import { About } from "../profile/About";
import { Data } from "../profile/Data";
import { Devices } from "../profile/Devices";
import { Password } from "../profile/Password";
import { useTitle } from "../ui/title";

export function ProfilePage() {
  useTitle("Profile");
  return (
    <Stack gap="xl" maw={640} mx="auto">
      <Title order={1} size="h2">
        Profile
      </Title>
      <About />
      <Password />
      <Devices />
      <Data />
    </Stack>
  );
}
