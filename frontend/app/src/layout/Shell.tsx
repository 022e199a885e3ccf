import { Anchor, Group, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { Link, Outlet, useLocation } from "react-router";

import { InboxButton } from "../inbox/InboxButton";
import { Toasts } from "../inbox/Toasts";
import { Logo } from "../ui/icons";
import { ColorSchemeButton } from "./ColorSchemeButton";
import classes from "./Shell.module.css";
import { UserMenu } from "./UserMenu";

/** The frame of every page: header and main. A new page begins at its top, and there for the keyboard too. */
export function Shell() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [pathname]);

  return (
    <>
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <header className={classes.header}>
        <Group justify="space-between" wrap="nowrap" className={classes.bar}>
          <Anchor component={Link} to="/" underline="never" c="inherit" className={classes.brand}>
            <Logo />
            <Text component="span" fw={700} fz="lg">
              Studybeat
            </Text>
          </Anchor>
          <Group gap={4} wrap="nowrap">
            <InboxButton />
            <ColorSchemeButton />
            <UserMenu />
          </Group>
        </Group>
      </header>
      <Toasts />
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
    </>
  );
}
