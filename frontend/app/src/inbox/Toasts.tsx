import { Notification as Toast, Text } from "@mantine/core";
import type { NotificationFrame } from "@studybeat/sdk";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";
import { Link, useLocation } from "react-router";

import { useClient } from "../live/client";
import { progressMoved } from "../progress/moved";
import { Icon } from "../ui/icons";
import { hidesNames } from "../watch/words";
import { isLasting, isOutside, isUrgent, markOf, pathOf } from "./about";
import { hear, missedSomething, placeMoved, told } from "./hear";
import classes from "./inbox.module.css";

const AT_ONCE = 3;
const STAYS_MS = 15_000;

function News({ notification, close }: { notification: NotificationFrame; close: (number: number) => void }) {
  const { number, kind, title, body } = notification;
  const stays = isLasting(notification);
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld || stays) return undefined;
    const timer = setTimeout(() => {
      close(number);
    }, STAYS_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [isHeld, stays, number, close]);
  const { icon, color } = markOf(kind);
  const path = pathOf(notification);
  const hold = (): void => {
    setHeld(true);
  };
  const release = (): void => {
    setHeld(false);
  };
  return (
    <Toast
      role="presentation"
      icon={<Icon name={icon} />}
      color={color}
      withBorder
      className={classes.toast}
      closeButtonProps={{ "aria-label": "Close this message" }}
      onClose={() => {
        close(number);
      }}
      onMouseEnter={hold}
      onMouseLeave={release}
      onFocus={hold}
      onBlur={release}
      title={
        path ? (
          <Link
            to={path}
            reloadDocument={isOutside(path)}
            className={classes.toastLink}
            onClick={() => {
              close(number);
            }}
          >
            {title}
          </Link>
        ) : (
          title
        )
      }
    >
      <Text size="sm" c={stays ? "var(--mantine-color-text)" : "dimmed"} lineClamp={stays ? 8 : 3}>
        {body}
      </Text>
    </Toast>
  );
}

/** Hears what the server tells, keeps the pages up to date with it, and shows what does not wait. */
export function Toasts() {
  const client = useClient();
  const queries = useQueryClient();
  const [shown, setShown] = useState<NotificationFrame[]>([]);
  const { pathname, search } = useLocation();
  const areNamesHidden = hidesNames(new URLSearchParams(search));
  // The live page has calls for help on top.
  const isThere = (one: NotificationFrame): boolean => one.kind === "help.requested" && pathOf(one) === pathname;
  const close = useCallback((number: number) => {
    setShown((before) => before.filter((one) => one.number !== number));
  }, []);
  useEffect(
    () =>
      hear(client, {
        told: (notification) => {
          told(queries, notification);
          if (isUrgent(notification)) setShown((before) => [...before, notification].slice(-AT_ONCE));
        },
        moved: (slug, place) => {
          placeMoved(queries, slug, place);
        },
        progressed: (slug, progress) => {
          progressMoved(queries, slug, progress);
        },
        online: () => {
          missedSomething(queries);
        },
      }),
    [client, queries],
  );
  return (
    <div role="status" aria-label="News" className={classes.toasts}>
      {shown.filter((one) => !areNamesHidden && !isThere(one)).map((notification) => (
        <News key={notification.number} notification={notification} close={close} />
      ))}
    </div>
  );
}
