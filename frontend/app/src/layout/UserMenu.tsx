import { Avatar, Button, Menu, Text, VisuallyHidden } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";

import { post } from "../api/http";
import { displayName, useUser } from "../auth/user";
import { useClient } from "../live/client";
import { Icon } from "../ui/icons";

export function UserMenu() {
  const user = useUser();
  const client = useClient();
  const signOut = useMutation({
    mutationFn: async () => {
      client.stop();
      await post("logout/");
    },
    // A whole new page: nothing that was read for this user stays in memory.
    onSuccess: () => {
      location.assign("/sign-in");
    },
    onError: () => {
      client.start();
    },
  });
  const name = displayName(user);
  return (
    <Menu position="bottom-end" width={200} shadow="md">
      <Menu.Target>
        <Button variant="subtle" color="gray" px={6} data-testid="me">
          <Avatar src={user.avatar} name={name} color="iris" size={30} aria-hidden="true" />
          <VisuallyHidden>Account of {name}</VisuallyHidden>
          <Text component="span" size="sm" fw={600} ml={8} visibleFrom="xs" c="var(--mantine-color-text)" aria-hidden="true">
            {name}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.username}</Menu.Label>
        <Menu.Item component={Link} to="/time" leftSection={<Icon name="clock" size={18} />}>
          My time
        </Menu.Item>
        <Menu.Item component={Link} to="/profile" leftSection={<Icon name="people" size={18} />}>
          Profile
        </Menu.Item>
        <Menu.Item
          leftSection={<Icon name="signOut" size={18} />}
          closeMenuOnClick={false}
          disabled={signOut.isPending}
          onClick={() => {
            signOut.mutate();
          }}
        >
          Sign out
        </Menu.Item>
        {signOut.error && (
          <Text size="xs" c="red" px="sm" pb="xs" role="alert">
            {signOut.error.message}
          </Text>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
