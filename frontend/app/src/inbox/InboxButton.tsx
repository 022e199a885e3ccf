import { ActionIcon, Drawer, Indicator, Text, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";

import { useClient, useStore } from "../live/client";
import { Icon } from "../ui/icons";
import { Inbox } from "./Inbox";

/** The bell, with how many are unread; behind it the inbox. */
export function InboxButton() {
  const { unread } = useStore(useClient().news);
  const [opened, { open, close }] = useDisclosure();
  const words = unread === 0 ? "Inbox" : `Inbox, ${unread} unread`;
  return (
    <>
      <VisuallyHidden role="status">{unread > 0 && `${unread} unread in your inbox`}</VisuallyHidden>
      <Indicator
        label={unread > 99 ? "99+" : unread}
        disabled={unread === 0}
        size={18}
        offset={6}
        color="red.8"
        styles={{ indicator: { pointerEvents: "none", fontWeight: 700 } }}
      >
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={words}
          aria-haspopup="dialog"
          data-testid="inbox-button"
          data-unread={unread}
          onClick={open}
        >
          <Icon name="bell" />
        </ActionIcon>
      </Indicator>
      <Drawer
        opened={opened}
        onClose={close}
        position="right"
        size="min(100vw, 430px)"
        title={
          <Text fw={700} fz="lg">
            Inbox
          </Text>
        }
      >
        <Inbox onFollow={close} />
      </Drawer>
    </>
  );
}
