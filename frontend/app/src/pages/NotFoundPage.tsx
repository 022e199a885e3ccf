import { Button } from "@mantine/core";
import { Link } from "react-router";

import { Message } from "../ui/states";
import { useTitle } from "../ui/title";

export function NotFoundPage() {
  useTitle("Not found");
  return (
    <Message
      title="There is no such page"
      isPage
      action={
        <Button component={Link} to="/" variant="light" mt="xs">
          To your courses
        </Button>
      }
    >
      It may have moved, or the address has a slip in it.
    </Message>
  );
}
